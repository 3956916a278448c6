/** Long beyond what any machine needs, below the limit of a test: what never comes is named. */
const PATIENCE_MS = 50_000;

/** Waits until `condition` holds. How long that takes says nothing: no test asserts a time. */
export async function until(condition: () => boolean, patienceMs = PATIENCE_MS): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not true after ${patienceMs} ms: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
