import type { Revision, Status } from '../domain/container.ts';
import type { Instance } from '../domain/instance.ts';
import type { Route } from '../domain/route.ts';

/** One step towards what is wanted. Each is idempotent: doing it twice, or after a crash, does no harm. */
export type Operation =
  /** Begin to get the revision's image; its end kicks the container. */
  | { readonly kind: 'pull'; readonly revision: Revision }
  | {
      readonly kind: 'create';
      readonly revision: Revision;
      readonly createdBy: string;
      /** The GPUs that it holds, by uuid. */
      readonly gpus: readonly string[];
    }
  | { readonly kind: 'start'; readonly revision: Revision; readonly instance: Instance }
  /** Begin to ask the instance whether it answers; its end kicks the container. */
  | { readonly kind: 'probe'; readonly revision: Revision; readonly instance: Instance }
  /** A run ended by itself: find out why and when to try again. */
  | { readonly kind: 'note-exit'; readonly revision: Revision; readonly instance: Instance }
  /** It served before, and does again. */
  | { readonly kind: 'note-return'; readonly revision: Revision }
  /** Something else went wrong with a revision: wait before the next try. */
  | { readonly kind: 'note-setback'; readonly revision: Revision; readonly reason: string }
  /** Send the gateway the container's route. */
  | { readonly kind: 'publish'; readonly route: Route }
  /** Record that this revision is ready and answers. */
  | { readonly kind: 'mark-serving'; readonly revision: Revision }
  /** Record that this revision won't run, and why. */
  | { readonly kind: 'fail'; readonly revision: Revision; readonly reason: string }
  /** Begin to drain, stop and remove the instance; its end kicks the container. */
  | { readonly kind: 'retire'; readonly instance: Instance }
  /** Free the GPUs of a revision of which no process is left; `again` has it wait for others. */
  | {
      readonly kind: 'release-gpus';
      readonly containerId: string;
      readonly revision: number;
      readonly again: boolean;
    }
  | { readonly kind: 'withdraw'; readonly containerId: string }
  /** Look again at that time (milliseconds since 1970). */
  | { readonly kind: 'wake'; readonly at: number }
  | {
      readonly kind: 'report';
      readonly revision: number;
      readonly status: Status;
      readonly reason: string | null;
    };
