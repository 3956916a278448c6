/** Shuffled labels: the negative control. A search on them must learn nothing about the true classes. */
import { generator } from '../random/generator.js';

/**
 * A new label for each scan that says nothing about the true one: within every true class the labels
 * are dealt out in the proportions of all classes. A plain permutation would leave, by luck, some
 * class with more of its own label than of others, and a network would find that out.
 *
 * `labels[i]` is the class index of scan i; the result has the same length.
 */
export function shuffleLabels(seed: number, labels: readonly number[], classes: number): number[] {
  const shares = Array.from(
    { length: classes },
    (_, c) => labels.filter((label) => label === c).length / labels.length,
  );
  const result = new Array<number>(labels.length).fill(0);
  for (let c = 0; c < classes; c++) {
    const members = labels.flatMap((label, index) => (label === c ? [index] : []));
    const order = generator(seed, 'shuffle-labels', c).permutation(members.length);
    const deal = dealOut(shares, members.length);
    order.forEach((position, rank) => (result[members[position]!] = deal[rank]!));
  }
  return result;
}

/** `count` labels in the given proportions, largest remainders first. */
function dealOut(shares: readonly number[], count: number): number[] {
  const exact = shares.map((share) => share * count);
  const whole = exact.map(Math.floor);
  const byRemainder = exact
    .map((value, label) => ({ label, rest: value - whole[label]! }))
    .sort((a, b) => b.rest - a.rest || a.label - b.label);
  const lacking = count - whole.reduce((sum, value) => sum + value, 0);
  for (const { label } of byRemainder.slice(0, lacking)) whole[label] = whole[label]! + 1;
  return whole.flatMap((times, label) => Array.from({ length: times }, () => label));
}
