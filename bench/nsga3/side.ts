/**
 * Our side of the benchmark, with the same protocol as `pymoo_peer.py`: {"case", "seeds"} on
 * standard input, one JSON line a seed on standard output.
 */
import { text } from 'node:stream/consumers';
import { runNsga3 } from './loop.js';
import type { Case } from './problems.js';

const { case: problem, seeds } = JSON.parse(await text(process.stdin)) as { case: Case; seeds: number[] };
for (const seed of seeds) {
  const started = process.cpuUsage();
  const values = runNsga3(problem, seed);
  const { user, system } = process.cpuUsage(started);
  process.stdout.write(`${JSON.stringify({ seed, seconds: (user + system) / 1e6, values })}\n`);
}
