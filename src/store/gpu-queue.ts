import type { Trx } from './container-rows.ts';

/** Puts a container at the end of the queue for GPUs; one that stands in it keeps its place. */
export async function joinGpuQueue(trx: Trx, containerId: string): Promise<void> {
  await trx
    .insertInto('gpu_queue')
    .values({ container_id: containerId })
    .onConflict((conflict) => conflict.column('container_id').doNothing())
    .execute();
}
