/**
 * `npm run bench:step [-- --rounds N] [--threads 1,2] [--out FILE]`: time of one training step (forward,
 * backward, SGD) beside PyTorch, on the paper's SuperNet with batch 4 and four random paths. EMARS runs twice,
 * by its native kernels, which use one thread whatever is asked for, and by TensorFlow.
 *
 * Fair by construction: same machine, same run, same paths, same threads and allocator; the contestants take
 * turns, step by step, so that whatever else the machine does meets them alike. Each process first runs
 * every path once, untimed. Reported is the median over paths and rounds.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { linkedKernels } from '#emars/native/kernels.js';
import { tensorEnvironment } from '#emars/tensor/environment.js';
import { Contestant } from '../contestant.js';
import type { StepAnswer, StepRequest } from './contest.js';
import { genomes, shapes, space } from './contest.js';
import { torchPython } from './torch-environment.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const threadCounts = values.threads.split(',').map(Number);
const kernels = await linkedKernels();
const script = fileURLToPath(new URL('../../bench/step/torch_contestant.py', import.meta.url));
const ours = fileURLToPath(new URL('emars-contestant.js', import.meta.url));

function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

type StepContestant = Contestant<StepRequest, StepAnswer>;

function contestants(python: string, threads: number): StepContestant[] {
  const environment = tensorEnvironment({ threads });
  const torch = (format: string): StepContestant =>
    new Contestant(`PyTorch ${format}`, python, [script, JSON.stringify(space), String(threads), format], {
      OMP_NUM_THREADS: String(threads),
      GLIBC_TUNABLES: environment['GLIBC_TUNABLES'] ?? '',
    });
  const emars = (name: string, ...args: readonly string[]): StepContestant =>
    new Contestant(name, process.execPath, [ours, ...args], environment);
  return [
    ...(kernels === null ? [] : [emars('EMARS', kernels.path)]),
    emars('EMARS by TensorFlow'),
    torch('channels_last_3d'),
    torch('contiguous'),
  ];
}

interface Row {
  readonly threads: number;
  readonly shape: string;
  readonly name: string;
  readonly milliseconds: number;
  readonly peakMegabytes: number;
}

/** Medians of every contestant on one input size. */
async function race(
  field: readonly StepContestant[],
  threads: number,
  shape: (typeof shapes)[number],
): Promise<Row[]> {
  const times = new Map<StepContestant, number[]>(field.map((contestant) => [contestant, []]));
  const peaks = new Map<StepContestant, number>();
  for (let round = 0; round <= rounds; round++) {
    for (const genome of genomes) {
      const counts = new Set<number>();
      for (const contestant of field) {
        const answer = await contestant.ask({ shape, genome });
        if (!Number.isFinite(answer.loss))
          throw new Error(`expected a finite loss from ${contestant.name}, got ${answer.loss}`);
        counts.add(answer.parameters);
        peaks.set(contestant, answer.peakMegabytes);
        if (round > 0) times.get(contestant)!.push(answer.milliseconds);
      }
      if (counts.size !== 1)
        throw new Error(`expected equal networks, got ${[...counts].join(' and ')} parameters`);
    }
    process.stderr.write(`threads ${threads}, ${shape.join('x')}: round ${round} of ${rounds}\n`);
  }
  return field.map((contestant) => ({
    threads,
    shape: `${shape[0]} x ${shape[1]}x${shape[2]}x${shape[3]}`,
    name: contestant.name,
    milliseconds: median(times.get(contestant)!),
    peakMegabytes: peaks.get(contestant)!,
  }));
}

const rows: Row[] = [];
const python = torchPython();
for (const threads of threadCounts) {
  const field = contestants(python, threads);
  try {
    for (const shape of shapes) rows.push(...(await race(field, threads, shape)));
  } finally {
    for (const contestant of field) contestant.end();
  }
}

const lines = [
  '| threads | input | contestant | median step, ms | EMARS is faster by | peak memory, MB |',
  '|---|---|---|---|---|---|',
];
for (const row of rows) {
  const reference = rows.find(
    (other) => other.name.startsWith('EMARS') && other.threads === row.threads && other.shape === row.shape,
  )!;
  lines.push(
    `| ${row.threads} | ${row.shape} | ${row.name} | ${row.milliseconds.toFixed(0)} | ${(row.milliseconds / reference.milliseconds).toFixed(2)} x | ${row.peakMegabytes.toFixed(0)} |`,
  );
}
const table = lines.join('\n');
const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}`;
console.log(`${table}\n\n${machine}; ${rounds} rounds of ${genomes.length} paths`);
if (values.out !== undefined) writeFileSync(values.out, `${table}\n`);
