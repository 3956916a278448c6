/** What `npm run sim` prints. */
import type { Line } from '../cluster/plan.js';
import type { ControlName } from '../faults/controls.js';
import { describe } from '../faults/fault.js';
import { shrink } from '../shrink.js';
import { planOf, simulate } from '../simulate.js';
import type { Tally } from '../tally.js';

const SHOWN = 10;

export function printTable(tally: Tally, missing: readonly string[], control: ControlName | null): void {
  const { seeds, failures, faults, stages, searches, messages, virtualSeconds, wallSeconds } = tally;
  const lines = [
    ...block('Faults injected', faults),
    ...block('States seen', stages),
    ...block('Searches', searches),
    `${seeds} seeds, ${failures.length} failed: ${messages} messages, ${Math.round(virtualSeconds)} virtual s in ${wallSeconds.toFixed(1)} s`,
    ...failures.slice(0, SHOWN).map(({ seed, failure }) => `  seed ${seed}: ${failure.split('\n')[0] ?? ''}`),
    ...(failures.length > SHOWN ? [`  and ${failures.length - SHOWN} more`] : []),
    ...missing.map((name) => `never seen: ${name}`),
  ];
  if (failures[0] !== undefined)
    lines.push(
      `Replay one: npm run sim -- --seed ${failures[0].seed}${control === null ? '' : ` --control ${control}`}`,
    );
  process.stdout.write(`${lines.join('\n')}\n`);
}

function block(title: string, counts: Readonly<Record<string, number>>): string[] {
  const names = Object.keys(counts).sort();
  const width = Math.max(0, ...names.map((name) => name.length));
  return [title, ...names.map((name) => `  ${name.padEnd(width)} ${String(counts[name]).padStart(9)}`), ''];
}

/** Runs one seed; when it fails, makes its schedule smaller and tells what happened. */
export function replay(seed: number, control: ControlName | null, asJson: boolean): number {
  const plan = planOf(seed, control);
  const { failure } = simulate(plan);
  const shrunk = failure === null ? { plan, failure: null, runs: 0 } : shrink(plan, failure);
  const outcome = simulate(shrunk.plan, { transcript: true });
  if (asJson) {
    const { faults } = shrunk.plan;
    process.stdout.write(
      `${JSON.stringify({ seed, failure, shrunk: { failure: shrunk.failure, faults } })}\n`,
    );
    return failure === null ? 0 : 1;
  }
  const { search, trainers, evaluators } = plan;
  process.stdout.write(
    [
      `Seed ${seed}: ${search.name}; trainers ${trainers}, evaluators ${evaluators}`,
      ...plan.faults.map((fault) => `  ${describe(fault)}`),
      ...(shrunk.failure === null
        ? []
        : [
            `It fails: ${failure ?? ''}`,
            `With fewer faults (${shrunk.runs} runs): ${shrunk.failure}`,
            ...shrunk.plan.faults.map((fault) => `  ${describe(fault)}`),
          ]),
      '',
      ...linesOf(outcome.lines),
      failure === null ? 'It passes.' : 'It fails.',
      '',
    ].join('\n'),
  );
  return failure === null ? 0 : 1;
}

/** Lines of a transcript: virtual seconds, who, what. */
export function linesOf(lines: readonly Line[]): string[] {
  const width = Math.max(0, ...lines.map(({ who }) => who.length));
  return lines.map(
    ({ at, who, text }) => `${(at / 1000).toFixed(3).padStart(8)}  ${who.padEnd(width)}  ${text}`,
  );
}
