/** The table of the benchmark, as Markdown, and its verdict. */
import type { Run } from './jobs.js';
import type { Case } from './problems.js';
import { PUBLISHED } from './published.js';
import { median, rankSumP } from './quality.js';

export interface Row {
  readonly problem: Case;
  readonly ours: readonly Run[];
  readonly peer: readonly Run[];
}

/** Worse only if the medians say so and the difference is more than chance at 5 %. */
export function isWorse(row: Row): boolean {
  const [ours, peer] = [igds(row.ours), igds(row.peer)];
  return median(ours) > median(peer) && rankSumP(ours, peer) <= 0.05;
}

export function markdown(rows: readonly Row[]): string {
  const lines = [
    '| problem | M | N | generations | EMARS median (best … worst) | pymoo median (best … worst) | EMARS / pymoo | p | verdict | published median (best … worst) [1] | pymoo time / EMARS time |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => {
      const { problem } = row;
      const [ours, peer] = [igds(row.ours), igds(row.peer)];
      const p = rankSumP(ours, peer);
      const time = median(row.peer.map((run) => run.seconds)) / median(row.ours.map((run) => run.seconds));
      const published = PUBLISHED[problem.name]?.[problem.objectives];
      return `| ${[
        problem.name,
        problem.objectives,
        problem.population,
        problem.generations,
        summary(ours),
        summary(peer),
        (median(ours) / median(peer)).toFixed(2),
        p.toFixed(3),
        verdict(ours, peer, p),
        published === undefined
          ? '-'
          : `${short(published[1])} (${short(published[0])} … ${short(published[2])})`,
        `${time.toFixed(1)}x`,
      ].join(' | ')} |`;
    }),
    '',
    '[1] Deb & Jain 2014, Tables III to V, 20 runs, at the full number of generations. Quoted from memory of the paper: to be checked against it before it is relied on.',
  ];
  return lines.join('\n');
}

function verdict(ours: readonly number[], peer: readonly number[], p: number): string {
  if (p > 0.05) return 'no difference';
  return median(ours) < median(peer) ? 'better' : 'WORSE';
}

function igds(runs: readonly Run[]): number[] {
  return runs.map((run) => run.igd);
}

function summary(sample: readonly number[]): string {
  return `${short(median(sample))} (${short(Math.min(...sample))} … ${short(Math.max(...sample))})`;
}

function short(value: number): string {
  return value.toExponential(2);
}
