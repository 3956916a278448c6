/**
 * How property tests run: the same cases each time, so that a failure is a change of the code. Other cases:
 * `EMARS_PROPERTY_SEED=7 EMARS_PROPERTY_RUNS=5000 npx vitest run --project plain properties`.
 * A failure is shrunk to a small case and printed with its seed by fast-check.
 */
import fc from 'fast-check';

const seed = Number(process.env.EMARS_PROPERTY_SEED ?? 1);
const asked = process.env.EMARS_PROPERTY_RUNS;

const parameters = (runs: number): fc.Parameters<unknown> => ({
  seed,
  numRuns: asked === undefined ? runs : Number(asked),
});

/** Asserts a property over `runs` cases. */
export function holds<T>(property: fc.IProperty<T>, runs = 200): void {
  fc.assert(property, parameters(runs) as fc.Parameters<T>);
}

/** The same for a property that waits. */
export async function holdsInTime<T>(property: fc.IAsyncProperty<T>, runs = 50): Promise<void> {
  await fc.assert(property, parameters(runs) as fc.Parameters<T>);
}
