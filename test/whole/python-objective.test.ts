/** The objective in Python of docs/examples joins a running search; skipped aloud where Python lacks its packages. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { PROTOCOL } from '#emars/wire/messages.js';
import { emars, untilRun } from './support/search-process.js';

const EXAMPLE = 'docs/examples/objective.py';
const root = mkdtempSync(join(tmpdir(), 'emars-python-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const python = process.env['EMARS_PYTHON'] ?? 'python3';
const found = spawnSync(python, ['-c', 'import nats, nkeys, google.protobuf, grpc_tools']);
const lacks =
  found.status === 0 ? '' : ` (skipped: ${python} has no nats-py, nkeys, protobuf and grpcio-tools)`;

it('the example has at most 100 lines, and speaks the version of today', () => {
  const text = readFileSync(EXAMPLE, 'utf8');
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(100);
  expect(text).toContain(`protocol=${PROTOCOL},`);
});

it.skipIf(lacks !== '')(`it joins, measures to the end, and stands in the front${lacks}`, async () => {
  const folder = join(root, 'run');
  const slow = ['data.phantom.patients=64', 'training.individualsPerStep=6', 'engine.native=off'];
  const search = emars([
    ...['search', '--config', 'configs/smoke.yaml', '--seed', '4', '--trainers', '1', '--out', folder],
    ...slow.flatMap((setting) => ['--set', setting]),
  ]);
  await untilRun(search, folder, 'training begins', ({ step }) => step > 0);
  const objective = spawn(python, [EXAMPLE, folder]);
  let said = '';
  for (const stream of [objective.stdout, objective.stderr])
    stream.on('data', (data: Buffer) => (said += data.toString()));
  const code = new Promise((resolve) => objective.once('close', resolve));
  expect((await search.ended).code).toBe(0);
  // Between the two nats-py may say that the broker has gone.
  expect([await code, said]).toEqual([0, expect.stringMatching(/^depth takes part from epoch \d on\n/)]);
  expect(said).toContain('the search is over');
  const { objectives } = JSON.parse(readFileSync(join(folder, 'front.json'), 'utf8')) as {
    readonly objectives: readonly { readonly name: string; readonly since?: number }[];
  };
  const { since } = objectives.find(({ name }) => name === 'depth')!;
  const lines = readFileSync(join(folder, 'history.jsonl'), 'utf8').trim().split('\n');
  for (const line of lines) {
    const { epoch, genome, values } = JSON.parse(line) as {
      readonly epoch: number;
      readonly genome: readonly string[];
      readonly values: Readonly<Record<string, number>>;
    };
    const depth = genome.filter((operation) => operation !== 'skip').length;
    expect(values['depth']).toBe(epoch < since! ? undefined : depth);
  }
});
