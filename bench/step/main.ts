/**
 * `npm run bench:step [-- --rounds N] [--threads 1,2] [--json]`: time of one training step (forward, backward,
 * SGD) and of one evaluation beside PyTorch, on the paper's SuperNet with four random paths. EMARS runs twice,
 * by its native kernels and by TensorFlow. Exit code 1: a goal is missed.
 *
 * Fair by construction: same machine, same run, same paths, same threads and allocator; the contestants take
 * turns, piece by piece, so that whatever else the machine does meets them alike. Each process first runs
 * every path once, untimed.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { linkedKernels } from '#emars/native/kernels.js';
import { tensorEnvironment } from '#emars/tensor/environment.js';
import { Contestant } from '../contestant.js';
import { isMissed, machine, type Ratio, ratioTable, roundsOf } from '../ratios.js';
import type { Discipline, StepAnswer, StepRequest } from './contest.js';
import { disciplines, genomes, space } from './contest.js';
import { torchPython } from './torch-environment.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = roundsOf(values.rounds, 1);
const threadCounts = values.threads.split(',').map(Number);
const kernels = await linkedKernels();
const script = fileURLToPath(new URL('../../bench/step/torch_contestant.py', import.meta.url));
const ours = fileURLToPath(new URL('emars-contestant.js', import.meta.url));

type StepContestant = Contestant<StepRequest, StepAnswer>;

/** Ours first, by kernels where there are any; then PyTorch in the format that suits it best. */
function contestants(python: string, threads: number): StepContestant[] {
  const environment = tensorEnvironment({ threads });
  const torch = (format: string): StepContestant =>
    new Contestant(`PyTorch ${format}`, python, [script, JSON.stringify(space), String(threads), format], {
      OMP_NUM_THREADS: String(threads),
      GLIBC_TUNABLES: environment['GLIBC_TUNABLES'] ?? '',
    });
  const emars = (name: string, ...args: readonly string[]): StepContestant =>
    new Contestant(name, process.execPath, [ours, String(threads), ...args], environment);
  return [
    ...(kernels === null ? [] : [emars('EMARS', kernels.path)]),
    torch('channels_last_3d'),
    torch('contiguous'),
    emars('EMARS by TensorFlow'),
  ];
}

interface Raced {
  readonly name: string;
  readonly times: number[];
  peakMegabytes: number;
}

async function race(field: readonly StepContestant[], { work, shape, name }: Discipline): Promise<Raced[]> {
  const raced = field.map((contestant): Raced => ({ name: contestant.name, times: [], peakMegabytes: 0 }));
  for (let round = 0; round <= rounds; round++) {
    for (const genome of genomes) {
      const counts = new Set<number>();
      for (const [i, contestant] of field.entries()) {
        const answer = await contestant.ask({ work, shape, genome });
        if (!Number.isFinite(answer.loss))
          throw new Error(`expected a finite number from ${contestant.name}, got ${answer.loss}`);
        counts.add(answer.parameters);
        raced[i]!.peakMegabytes = Math.max(raced[i]!.peakMegabytes, answer.peakMegabytes);
        if (round > 0) raced[i]!.times.push(answer.milliseconds);
      }
      if (counts.size !== 1)
        throw new Error(`expected equal networks, got ${[...counts].join(' and ')} parameters`);
    }
    process.stderr.write(`${name}: round ${round} of ${rounds}\n`);
  }
  return raced;
}

/** The first of the field beside each of the others. */
function ratios([first, ...others]: readonly Raced[], { name, goals }: Discipline, threads: number): Ratio[] {
  return others.map((other, i) => ({
    what: `${name}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    ours: first!.times,
    peer: other.name,
    peers: other.times,
    // The goal is set against the quickest PyTorch.
    goal: i === 0 ? (goals[threads] ?? null) : null,
  }));
}

const rows: Ratio[] = [];
const peaks: string[] = [];
const python = torchPython();
for (const threads of threadCounts) {
  const field = contestants(python, threads);
  try {
    for (const discipline of disciplines) {
      const raced = await race(field, discipline);
      rows.push(...ratios(raced, discipline, threads));
      const memory = raced.map(({ name, peakMegabytes }) => `${name} ${peakMegabytes.toFixed(0)} MB`);
      peaks.push(`${discipline.name}, threads ${threads}: ${memory.join(', ')}`);
    }
  } finally {
    for (const contestant of field) contestant.end();
  }
}

if (values.json) console.log(JSON.stringify(rows));
else {
  console.log(`${ratioTable(rows)}\n\nPeak memory of the processes so far: ${peaks.join('; ')}\n`);
  console.log(`${machine()}; ${rounds} rounds of ${genomes.length} paths, medians of all`);
}
if (rows.some(isMissed)) process.exitCode = 1;
