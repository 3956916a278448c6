/** The objective in Python of docs/examples joins a running search; skipped aloud where Python lacks its packages. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { PROTOCOL } from '#emars/wire/messages.js';
import { until } from '../support/until.js';
import { emars } from './support/search-process.js';
import { inEpoch, whileStopped } from './support/stopped.js';

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
  const search = emars([
    ...['search', '--config', 'configs/smoke.yaml', '--seed', '4', '--trainers', '1', '--out', folder],
    ...['--set', 'runtime.silenceSeconds=600'],
  ]);
  let said = '';
  let code: Promise<unknown> = Promise.resolve(null);
  // Without its only trainer the search stands still: no machine is too quick for the objective to join in time.
  await whileStopped({ search, folder, id: 'trainer-0' }, inEpoch(1, 2), async () => {
    const objective = spawn(python, [EXAMPLE, folder]);
    for (const stream of [objective.stdout, objective.stderr])
      stream.on('data', (data: Buffer) => (said += data.toString()));
    code = new Promise((resolve) => objective.once('close', resolve));
    await until(() => said !== '' || objective.exitCode !== null, 240_000);
  });
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
