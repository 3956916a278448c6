// EMARS' selection in a search of one's own: minimise x² and (x - 2)² at once. node docs/examples/select.mjs
import { select } from 'emars';

/** @param {number} x */
const measured = (x) => [x ** 2, (x - 2) ** 2];

/** A linear congruential generator: the same draws on every machine. */
let state = 1;
const draw = () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;

let parents = Array.from({ length: 12 }, () => 20 * draw() - 10);
for (let generation = 0; generation < 40; generation++) {
  const children = parents.map((x) => x + draw() - 0.5);
  const all = [...parents, ...children];
  const { selected } = select({
    values: all.map(measured),
    directions: ['min', 'min'],
    keep: parents.length,
    seed: generation,
  });
  parents = selected.map((row) => all[row] ?? 0);
}
// Whatever lies between the two minima is a best compromise.
console.log(
  parents
    .sort((a, b) => a - b)
    .map((x) => x.toFixed(2))
    .join(' '),
);
