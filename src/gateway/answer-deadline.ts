import type { ClientRequest } from 'node:http';

export interface AnswerDeadline {
  /** The request moves: its time to be answered begins anew. */
  moved(): void;
  clear(): void;
}

export interface AnswerTimes {
  readonly connectMs: number;
  /** How long the container may take to begin its answer, while nothing of the request's body moves. */
  readonly answerMs: number;
}

/** Watches over a request to a container until its answer begins. */
export function watchAnswer(
  upstream: ClientRequest,
  times: AnswerTimes,
  late: (phase: 'connect' | 'answer') => void,
): AnswerDeadline {
  const answer = setTimeout(() => late('answer'), times.answerMs);
  let connect: NodeJS.Timeout | undefined;
  upstream.once('socket', (socket) => {
    if (!socket.connecting) return;
    connect = setTimeout(() => late('connect'), times.connectMs);
    socket.once('connect', () => clearTimeout(connect));
  });
  let cleared = false;
  return {
    moved: () => {
      // refresh() would bring a cleared timer back to life.
      if (!cleared) answer.refresh();
    },
    clear: () => {
      cleared = true;
      clearTimeout(answer);
      clearTimeout(connect);
    },
  };
}
