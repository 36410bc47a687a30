import type { Trx } from './container-rows.ts';

/** Puts a container at the end of the queue for GPUs; one that stands in it keeps its place. */
export async function joinGpuQueue(trx: Trx, containerId: string): Promise<void> {
  await trx
    .insertInto('gpu_queue')
    .values({ container_id: containerId })
    .onConflict((conflict) => conflict.column('container_id').doNothing())
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
