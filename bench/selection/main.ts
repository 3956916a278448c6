/**
 * `npm run bench:selection [-- --rounds N]`: one NSGA-III selection and one non-dominated sort beside pymoo's,
 * on the same values. The sides take turns, and the first tenth of the rounds is not counted. Exit code 1: a
 * goal is missed.
 */
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Contestant } from '../contestant.js';
import { peerPython, peerVersions } from '../pymoo-environment.js';
import type { SelectionAnswer, SelectionTask } from './contest.js';
import { disciplines } from './contest.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '60' } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 10 || rounds > 10_000)
  throw new RangeError(`--rounds: expected an integer from 10 to 10000, got ${values.rounds}`);

const source = (name: string): string => fileURLToPath(new URL(`../../bench/${name}`, import.meta.url));
const python = peerPython(source('pymoo-requirements.txt'));
const ours = fileURLToPath(new URL('ours.js', import.meta.url));

/** The quantile `share` of 0…1 of the times. */
function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.round(share * (sorted.length - 1))]!;
}

const spread = (times: readonly number[]): string =>
  `${quantile(times, 0.5).toFixed(2)} (${quantile(times, 0.1).toFixed(2)} … ${quantile(times, 0.9).toFixed(2)})`;

const field = [
  new Contestant<SelectionTask, SelectionAnswer>('EMARS', process.execPath, [ours], {}),
  new Contestant<SelectionTask, SelectionAnswer>('pymoo', python, [source('selection/pymoo_selection.py')], {
    OMP_NUM_THREADS: '1',
    OPENBLAS_NUM_THREADS: '1',
  }),
] as const;

const lines = [
  '| what | EMARS, ms: median (10 % … 90 %) | pymoo, ms | pymoo / EMARS | goal |',
  '|---|---|---|---|---|',
];
let missed = false;
try {
  for (const { name, goal, task } of disciplines) {
    const times: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      const answers = [await field[0].ask(task), await field[1].ask(task)] as const;
      if (JSON.stringify(answers[0].check) !== JSON.stringify(answers[1].check))
        throw new Error(`${name}: expected equal fronts and numbers of survivors from both sides`);
      if (round >= rounds / 10) answers.forEach((answer, k) => times[k]!.push(answer.milliseconds));
    }
    const ratio = quantile(times[1], 0.5) / quantile(times[0], 0.5);
    missed ||= ratio < goal;
    lines.push(
      `| ${name} | ${spread(times[0])} | ${spread(times[1])} | ${ratio.toFixed(1)} x | ${goal.toFixed(1)} x${ratio < goal ? ', missed' : ''} |`,
    );
  }
} finally {
  for (const contestant of field) contestant.end();
}
console.log(lines.join('\n'));
console.log(
  `\n${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}; ${peerVersions(python)}; ${rounds} rounds`,
);
if (missed) process.exitCode = 1;
