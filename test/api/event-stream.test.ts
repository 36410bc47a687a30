import { createParser, type EventSourceMessage } from 'eventsource-parser';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventStream } from '../../src/api/event-stream.ts';
import { logEventView } from '../../src/api/schemas/log-view.ts';
import type { LogEvent } from '../../src/logs/log-event.ts';

const TIMESTAMP = '2026-01-02T03:04:05.000000006Z';

function line(text: string, ordinal = 1): LogEvent {
  return {
    kind: 'line',
    id: { timestamp: TIMESTAMP, ordinal },
    line: { stream: 'stderr', timestamp: TIMESTAMP, text },
  };
}

async function* from(events: readonly LogEvent[]) {
  yield* events.map(logEventView);
}

async function textOf(events: readonly LogEvent[]): Promise<string> {
  return await new Response(
    eventStream(from(events), { keepAliveMs: 60_000, onEnd: () => undefined }),
  ).text();
}

function parse(text: string): EventSourceMessage[] {
  const messages: EventSourceMessage[] = [];
  createParser({ onEvent: (message) => messages.push(message) }).feed(text);
  return messages;
}

test('an event bears its output, its id and its text', async () => {
  expect(await textOf([line('hello'), line('', 2), { kind: 'revision', number: 3 }])).toBe(
    ': events follow\n\n' +
      `event: stderr\nid: ${TIMESTAMP}\ndata: hello\n\n` +
      `event: stderr\nid: ${TIMESTAMP}~2\ndata: \n\n` +
      'event: revision\ndata: {"revision":3}\n\n',
  );
});

test('a reader gets back each text, with a line feed for each carriage return, and nothing in it makes another event', async () => {
  const unit = fc.oneof(
    fc.constantFrom('\r', ' ', ':', '\0', '\u2028', '\ufeff', 'data: ', 'id: 1', '\r\rdata: x\r\r'),
    fc.string(),
  );
  const text = fc.array(unit).map((units) => units.join('').replaceAll('\n', ''));
  await fc.assert(
    fc.asyncProperty(fc.array(text, { maxLength: 5 }), async (texts) => {
      const messages = parse(await textOf(texts.map((one) => line(one))));
      expect(messages).toEqual(
        texts.map((one) => ({ event: 'stderr', id: TIMESTAMP, data: one.replaceAll('\r', '\n') })),
      );
    }),
  );
});

test('silence is broken by comments, and the end of the events ends the stream', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const events = (async function* () {
    await promise;
    yield logEventView(line('at last'));
  })();
  const reader = eventStream(events, { keepAliveMs: 5, onEnd: () => undefined })
    .pipeThrough(new TextDecoderStream())
    .getReader();
  const next = async () => (await reader.read()).value;
  expect(await next()).toBe(': events follow\n\n');
  expect(await next()).toBe(': keep-alive\n\n');
  expect(await next()).toBe(': keep-alive\n\n');
  resolve();
  let last = await next();
  while (last === ': keep-alive\n\n') last = await next();
  expect(last).toContain('at last');
  expect((await reader.read()).done).toBe(true);
});

test('a body that nobody reads takes no event, and being left ends the events', async () => {
  let begun = false;
  let ended = 0;
  const events = (async function* () {
    begun = true;
    yield logEventView(line('never'));
  })();
  const body = eventStream(events, { keepAliveMs: 60_000, onEnd: () => ended++ });
  await new Promise(setImmediate);
  await body.cancel();
  expect({ begun, ended }).toEqual({ begun: false, ended: 1 });
});
