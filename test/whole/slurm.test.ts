/** The job script for Slurm, with a stand-in for srun that starts the real tasks: the front is that of one host. */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { freePort } from './support/nats-server.js';
import { emarsExits, readRun } from './support/search-process.js';

/** As many tasks as the job has, each with its number; their ends are its end. */
const SRUN = `#!/bin/bash
[ "$1" = --kill-on-bad-exit=0 ] || exit 2
shift
trap 'kill $(jobs -p)' TERM
for ((task = 0; task < SLURM_NTASKS; task++)); do SLURM_PROCID=$task "$@" & done
wait
`;
const root = mkdtempSync(join(tmpdir(), 'emars-slurm-'));
const at = (name: string): string => join(root, name);
afterAll(() => rmSync(root, { recursive: true, force: true }));

it('runs a search with a trainer a task, and leaves no broker and no credentials behind', async () => {
  mkdirSync(at('programs'));
  writeFileSync(at('programs/srun'), SRUN, { mode: 0o755 });
  const config = at('search.yaml');
  writeFileSync(config, readFileSync('configs/smoke.yaml', 'utf8').replace('epochs: 4', 'epochs: 1'));
  await emarsExits(0, ['search', '--config', config, '--trainers', '1', '--out', at('alone')]);

  const job = spawn('bash', ['deploy/slurm/search.sbatch', at('runs/run'), config], {
    env: {
      ...process.env,
      PATH: `${at('programs')}:${process.env['PATH'] ?? ''}`,
      ...{ SLURM_JOB_ID: '7', SLURM_NTASKS: '2', SLURM_SUBMIT_DIR: resolve('.') },
      ...{ EMARS_HOST: '127.0.0.1', EMARS_LISTEN: '127.0.0.1', EMARS_PORT: String(await freePort()) },
      TMPDIR: root,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [job.stdout, job.stderr])
    stream.on('data', (data: Buffer) => (said += data.toString()));
  const code = await new Promise((done) => job.once('close', done));
  expect(code, said).toBe(0);
  const trainers = readRun(at('runs/run'))!.processes.filter(({ role }) => role === 'trainer');
  expect(trainers.map(({ id }) => id)).toEqual(['worker-0', 'worker-1']);
  for (const { slots } of trainers) expect(slots).toBeGreaterThan(0);
  expect(readFileSync(at('runs/run/front.json'), 'utf8')).toBe(readFileSync(at('alone/front.json'), 'utf8'));
  expect(readdirSync(at('runs'))).toEqual(['run']);
  expect(existsSync(at('runs/run/report.html'))).toBe(true);
});
