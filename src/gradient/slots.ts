/** The slots of a step in their order: each individual of the step in turn, each with all micro-batches. */

/** Which individual of its step a slot belongs to, and which piece of the mini-batch; both from 0. */
export function slotPosition(
  { microBatches }: { readonly microBatches: number },
  slot: number,
): { readonly individual: number; readonly microBatch: number } {
  return { individual: Math.floor(slot / microBatches), microBatch: slot % microBatches };
}
