/**
 * The gradient of a step from the gradients of its slots (paper Eq. 2 and 3).
 *
 * fp32 addition is not associative, so the order is fixed: per tensor over the slots that touch it,
 * ascending, each product and sum rounded to fp32, divided once by a weight. Who computed a slot, and when
 * it arrived, cannot change a bit.
 */

/**
 * What a tensor's sum is divided by. `by-step`: the weight of all slots of the step, as in Eq. 2, where the
 * networks share weights. `by-touch`: the weight of the slots that touch the tensor, where they share none:
 * each then moves as if it were trained alone.
 */
export type Divide = 'by-step' | 'by-touch';

export interface SlotGradient {
  /** Indices of the tensors the slot's path touches, ascending. */
  readonly tensors: readonly number[];
  /** Their gradients, one after the other. */
  readonly values: Float32Array;
  /** Samples of the slot; 0 for a slot committed as diverged. */
  readonly weight: number;
}

export interface TensorSpan {
  /** Position of the tensor in the flat vector, in floats. */
  readonly offset: number;
  readonly size: number;
}

/**
 * Sums into `sum` (flat, as long as all tensors; only touched spans are written). Returns 1 for each
 * tensor that some slot of weight > 0 touches: only these may move. Slots in ascending order.
 */
export function sumSlots(
  tensors: readonly TensorSpan[],
  slots: readonly SlotGradient[],
  sum: Float32Array,
  divide: Divide = 'by-step',
): Uint8Array {
  const touched = new Uint8Array(tensors.length);
  for (const slot of slots) if (slot.weight > 0) addSlot(tensors, slot, sum, touched);
  const divisors = divisorsOf(tensors.length, slots, divide);
  for (let tensor = 0; tensor < tensors.length; tensor++) {
    if (touched[tensor] === 0) continue;
    const { offset, size } = tensors[tensor]!;
    const divisor = divisors[tensor]!;
    for (let i = offset; i < offset + size; i++) sum[i] = sum[i]! / divisor;
  }
  return touched;
}

/** What the sum of each of `count` tensors is divided by. */
export function divisorsOf(count: number, slots: readonly SlotGradient[], divide: Divide): Float64Array {
  const weights = new Float64Array(count);
  let total = 0;
  for (const { tensors, weight } of slots) {
    if (weight <= 0) continue;
    total += weight;
    for (const tensor of tensors) weights[tensor]! += weight;
  }
  return divide === 'by-step' ? weights.fill(total) : weights;
}

function addSlot(
  tensors: readonly TensorSpan[],
  slot: SlotGradient,
  sum: Float32Array,
  touched: Uint8Array,
): void {
  const { weight, values } = slot;
  let from = 0;
  for (const tensor of slot.tensors) {
    const { offset, size } = tensors[tensor]!;
    if (touched[tensor] === 0) {
      for (let i = 0; i < size; i++) sum[offset + i] = weight * values[from + i]!;
      touched[tensor] = 1;
    } else {
      for (let i = 0; i < size; i++)
        sum[offset + i] = sum[offset + i]! + Math.fround(weight * values[from + i]!);
    }
    from += size;
  }
  if (from !== values.length)
    throw new RangeError(`expected a path gradient of ${from} floats, got ${values.length}`);
}
