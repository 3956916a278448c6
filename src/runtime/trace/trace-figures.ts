/** What each process of a profile did, in figures: how much of its time it computed. */
import type { TraceKind } from './trace.js';

export interface FigureSpan {
  readonly cat: TraceKind;
  readonly name: string;
  /** Microseconds. */
  readonly ts: number;
  readonly dur: number;
}

export interface ProcessFigures {
  readonly process: string;
  /** Seconds after the command was given when it began to compute, and when it last did; null: never. */
  readonly firstComputed: number | null;
  readonly lastComputed: number | null;
  /** Share of the time in between that it computed; null: never. */
  readonly computing: number | null;
  /** Seconds by name of span. A span within another counts in both. */
  readonly seconds: Readonly<Record<string, number>>;
}

interface Collected {
  readonly spans: { readonly from: number; readonly to: number }[];
  readonly seconds: Map<string, number>;
}

export class TraceFigures {
  private readonly processes = new Map<string, Collected>();

  take(process: string, { cat, name, ts, dur }: FigureSpan): void {
    let known = this.processes.get(process);
    if (known === undefined) this.processes.set(process, (known = { spans: [], seconds: new Map() }));
    known.seconds.set(name, (known.seconds.get(name) ?? 0) + dur);
    if (cat === 'compute') known.spans.push({ from: ts, to: ts + dur });
  }

  all(): ProcessFigures[] {
    return [...this.processes]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([process, { spans, seconds }]) => ({
        process,
        ...computingOf(spans),
        seconds: Object.fromEntries([...seconds].sort(([a], [b]) => (a < b ? -1 : 1)).map(inSeconds)),
      }));
  }
}

const seconds = (microseconds: number): number => Math.round(microseconds / 1000) / 1000;
const inSeconds = ([name, microseconds]: [string, number]): [string, number] => [name, seconds(microseconds)];

/** Two threads that compute at once count once. */
function computingOf(
  spans: readonly { readonly from: number; readonly to: number }[],
): Pick<ProcessFigures, 'firstComputed' | 'lastComputed' | 'computing'> {
  const ordered = [...spans].sort((a, b) => a.from - b.from);
  const first = ordered[0]?.from;
  if (first === undefined) return { firstComputed: null, lastComputed: null, computing: null };
  let [last, sum] = [first, 0];
  for (const { from, to } of ordered) {
    sum += Math.max(0, to - Math.max(from, last));
    last = Math.max(last, to);
  }
  const computing = last > first ? Math.round((1000 * sum) / (last - first)) / 1000 : 1;
  return { firstComputed: seconds(first), lastComputed: seconds(last), computing };
}
