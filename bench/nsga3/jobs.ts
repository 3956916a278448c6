/** Runs of both sides as child processes, so many at a time; each job is one side of one case. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { Case } from './problems.js';
import { igd } from './quality.js';

export interface Run {
  readonly seed: number;
  readonly igd: number;
  /** Processor time of the run itself, without starting up. */
  readonly seconds: number;
}

export interface Job {
  readonly problem: Case;
  readonly seeds: readonly number[];
  /** Program and parameters that speak the protocol of `side.ts`. */
  readonly command: readonly [string, ...string[]];
}

/** The runs of each job, in the order of `jobs`. `done` is told of each as it ends. Rejects if a child fails. */
export async function runJobs(
  jobs: readonly Job[],
  atOnce: number,
  done: (job: Job) => void,
): Promise<Run[][]> {
  const results = new Array<Run[]>(jobs.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (;;) {
      const at = next++;
      const job = jobs[at];
      if (job === undefined) return;
      results[at] = await run(job);
      done(job);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, jobs.length) }, worker));
  return results;
}

async function run(job: Job): Promise<Run[]> {
  const [program, ...parameters] = job.command;
  // One thread a process: the times then compare, and jobs at once do not disturb each other.
  const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
  const child = spawn(program, parameters, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  child.stdin.on('error', () => undefined); // A child that died early is reported by its exit code.
  child.stdin.end(JSON.stringify({ case: job.problem, seeds: job.seeds }));
  const [output, complaints, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0)
    throw new Error(
      `${program} ended with ${String(code)} on ${job.problem.name}: ${complaints.trim().split('\n').slice(-3).join(' | ')}`,
    );
  return output
    .trim()
    .split('\n')
    .map((line) => {
      const { seed, seconds, values } = JSON.parse(line) as {
        seed: number;
        seconds: number;
        values: number[][];
      };
      return { seed, seconds, igd: igd(job.problem, values) };
    });
}
