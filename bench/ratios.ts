/** Times of one piece of work by us and by a peer, taken in turns, and what is aimed at. */
import { cpus } from 'node:os';

export interface Ratio {
  readonly what: string;
  /** Milliseconds of each round. */
  readonly ours: readonly number[];
  readonly peer: string;
  readonly peers: readonly number[];
  /** Peer's median / our median that is aimed at; null: none is. */
  readonly goal: number | null;
}

/** The quantile `share` of 0…1, by nearest rank. */
export function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.round(share * (sorted.length - 1))]!;
}

export const median = (times: readonly number[]): number => quantile(times, 0.5);
export const ratioOf = ({ ours, peers }: Ratio): number => median(peers) / median(ours);
export const isMissed = (row: Ratio): boolean => row.goal !== null && ratioOf(row) < row.goal;

function spread(times: readonly number[]): string {
  const digits = median(times) < 20 ? 2 : 0;
  const [low, middle, high] = [0.1, 0.5, 0.9].map((share) => quantile(times, share).toFixed(digits));
  return `${middle} (${low} … ${high})`;
}

/** A Markdown table, a row each. */
export function ratioTable(rows: readonly Ratio[]): string {
  return [
    '| what | EMARS, ms: median (10 % … 90 %) | peer | peer, ms | peer / EMARS | goal |',
    '|---|---|---|---|---|---|',
    ...rows.map((row) => {
      const goal = row.goal === null ? '–' : `${row.goal.toFixed(1)} x${isMissed(row) ? ', missed' : ''}`;
      return `| ${row.what} | ${spread(row.ours)} | ${row.peer} | ${spread(row.peers)} | ${ratioOf(row).toFixed(1)} x | ${goal} |`;
    }),
  ].join('\n');
}

/** The machine that the times are of. */
export const machine = (): string =>
  `${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}`;

/** A number of rounds from the command line. Errors: RangeError. */
export function roundsOf(text: string, least: number): number {
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < least || rounds > 10_000)
    throw new RangeError(`--rounds: expected an integer from ${least} to 10000, got ${text}`);
  return rounds;
}
