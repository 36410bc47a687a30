import type { Trx } from './container-rows.ts';

/**
 * Puts a container at the end of the queue for GPUs. One that stands in it keeps its place; where it wants something else
 * than before, how often it was overtaken doesn't count any more.
 */
export async function joinGpuQueue(trx: Trx, containerId: string, wantsElse: boolean): Promise<void> {
  await trx
    .insertInto('gpu_queue')
    .values({ container_id: containerId })
    .onConflict((conflict) => {
      const known = conflict.column('container_id');
      return wantsElse ? known.doUpdateSet({ overtaken: 0 }) : known.doNothing();
    })
    .execute();
}

/** Puts a container before all others: it had its GPUs once, and lost them. */
export async function joinGpuQueueFirst(trx: Trx, containerId: string): Promise<void> {
  const { first } = await trx
    .selectFrom('gpu_queue')
    .select((eb) => eb.fn.min('place').as('first'))
    .executeTakeFirstOrThrow();
  await trx
    .insertInto('gpu_queue')
    .values({ container_id: containerId, place: (first ?? 1) - 1 })
    .onConflict((conflict) => conflict.column('container_id').doNothing())
    .execute();
}
