/** A retraining as a person starts it: killed in its last training it goes on, and comes to equal bytes. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { emars, emarsExits, untilRun } from './support/search-process.js';

const SMOKE = join(import.meta.dirname, '../../configs/smoke.yaml');
let folder = '';
let run = '';
const SHORT = ['--top', '2', '--rank-epochs', '1', '--epochs', '2', '--set', 'training.batch=8'];
const bytesOf = (root: string): string[] =>
  readdirSync(root)
    .filter((name) => ['model.json', 'predictions.json'].includes(name) || name.endsWith('.f32'))
    .sort()
    .map((name) => `${name} ${readFileSync(join(root, name)).toString('base64')}`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-retrain-'));
  run = join(folder, 'run');
  await emarsExits(0, [
    ...['search', '--config', SMOKE, '--out', run, '--trainers', '1', '--set', 'data.split.test=0.2'],
    ...['--set', 'evolution.epochs=1', '--set', 'data.phantom.patients=20'],
  ]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('comes to the same model after kill -9 and a resume with another number of trainers', async () => {
  const [whole, cut] = [join(folder, 'whole'), join(folder, 'cut')];
  await emarsExits(0, ['retrain', run, '--out', whole, '--trainers', '2', ...SHORT]);
  expect(bytesOf(whole)).toHaveLength(3);

  // The second one may see the test set: the model of the first has.
  await emarsExits(3, ['retrain', run, '--out', join(folder, 'refused'), ...SHORT]);
  const stopped = emars([
    'retrain',
    run,
    '--out',
    cut,
    '--trainers',
    '1',
    '--json',
    ...SHORT,
    '--reopen-test',
  ]);
  // The moment between two stages: neither run is there to be stopped.
  const betweenStages = new Promise<void>((resolve) =>
    stopped.child.stdout?.on('data', () => stopped.output().includes('"phase":"done"') && resolve()),
  );
  await betweenStages;
  stopped.child.kill('SIGTERM');
  const { code, stderr } = await stopped.ended;
  expect(code, stderr).toBe(130);
  expect(stderr).toContain(`interrupted; go on with: npx emars retrain --resume ${cut}`);

  const killed = emars(['retrain', '--resume', cut, '--trainers', '1', '--reopen-test']);
  await untilRun(killed, join(cut, 'final'), 'the last training', ({ step }) => step >= 1);
  killed.child.kill('SIGKILL');
  await killed.ended;
  await emarsExits(0, ['retrain', '--resume', cut, '--trainers', '2', '--reopen-test']);
  expect(bytesOf(cut)).toEqual(bytesOf(whole));
});

it('measures a model on a folder of scans, with intervals', async () => {
  const data = join(run, 'phantoms');
  const { stdout } = await emarsExits(0, ['evaluate', join(folder, 'whole'), '--data', data, '--json']);
  const report = JSON.parse(stdout) as Record<string, unknown>;
  expect(report).toMatchObject({ n: 40, patients: 20, positive: 'NCP' });
  for (const name of ['accuracy', 'auc', 'sensitivity', 'specificity', 'f1', 'ece', 'confusion', 'intervals'])
    expect(report).toHaveProperty(name);
});

it('trains an architecture that inspect printed on other scans; its model does not fit scans of other classes', async () => {
  const { genome } = (
    JSON.parse(readFileSync(join(run, 'front.json'), 'utf8')) as { front: [{ genome: string[] }] }
  ).front[0];
  const [asked, architecture] = [join(folder, 'genome.json'), join(folder, 'architecture.json')];
  writeFileSync(asked, JSON.stringify({ genome }));
  const inspected = await emarsExits(0, ['inspect', '--config', SMOKE, '--genome', asked, '--json']);
  writeFileSync(architecture, inspected.stdout);
  const [data, out] = [join(folder, 'others'), join(folder, 'transfer')];
  await emarsExits(0, [
    ...['data', 'phantom', data, '--config', SMOKE, '--patients', '12'],
    ...['--set', 'data.phantom.classes=[Normal, NCP]'],
  ]);
  await emarsExits(2, ['retrain', architecture, '--out', out]);
  await emarsExits(0, [
    ...['retrain', architecture, '--data', data, '--out', out, '--trainers', '1', '--epochs', '1'],
    ...['--set', 'input.slices=8', '--set', 'training.batch=4'],
  ]);
  const model = JSON.parse(readFileSync(join(out, 'model.json'), 'utf8')) as Record<string, unknown>;
  expect(model).toMatchObject({
    classes: ['NCP', 'Normal'],
    architecture: { genome, space: { classes: 2 } },
  });

  const { stderr } = await emarsExits(3, ['evaluate', out, '--data', join(run, 'phantoms')]);
  expect(stderr).toMatch(/expected scans of the classes NCP, Normal, got CP in /);
});

it('begins with the weights of the search when asked to', async () => {
  const out = join(folder, 'shared');
  const still = [
    'learningRate=1e-9',
    'finalLearningRate=1e-9',
    'weightDecay=0',
    'weightAverage=0',
    'batch=8',
  ];
  await emarsExits(0, [
    ...['retrain', run, '--out', out, '--from-shared', '--top', '1', '--epochs', '1', '--trainers', '1'],
    ...['--reopen-test', ...still.flatMap((setting) => ['--set', `training.${setting}`])],
  ]);
  const [model, shared] = [out, join(out, 'shared')].map((at) => {
    const bytes = readFileSync(
      join(
        at,
        readdirSync(at).find((name) => name.endsWith('.f32'))!,
      ),
    );
    return new Float32Array(new Uint8Array(bytes).buffer);
  });
  const { weights } = JSON.parse(readFileSync(join(out, 'model.json'), 'utf8')) as {
    weights: { parameters: number };
  };
  expect(shared).toHaveLength(model!.length);
  for (let i = 0; i < weights.parameters; i++) expect(model![i]).toBeCloseTo(shared![i]!, 6);
});

it('trains a baseline like the best of the run: equal bytes after kill -9, one look at the test set of its own', async () => {
  const short = ['--networks', 'mc3-small', '--epochs', '2', '--set', 'training.batch=8'];
  const [whole, cut] = [join(folder, 'baselines'), join(folder, 'cut-baselines')];
  await emarsExits(0, ['baselines', run, '--out', whole, '--trainers', '2', ...short]);
  const { stderr } = await emarsExits(3, ['baselines', run, '--out', join(folder, 'again'), ...short]);
  expect(stderr).toMatch(/opened 1 time.*--reopen-test/);

  const killed = emars(['baselines', run, '--out', cut, '--trainers', '1', '--reopen-test', ...short]);
  await untilRun(killed, join(cut, 'mc3-small/final'), 'the training', ({ step }) => step >= 1);
  killed.child.kill('SIGKILL');
  await killed.ended;
  await emarsExits(0, ['baselines', '--resume', cut, '--trainers', '2', '--reopen-test']);
  expect(bytesOf(join(cut, 'mc3-small'))).toEqual(bytesOf(join(whole, 'mc3-small')));

  const model = join(whole, 'mc3-small');
  const scans = join(run, 'phantoms/NCP');
  const { stdout } = await emarsExits(0, ['predict', model, join(scans, readdirSync(scans)[0]!), '--json']);
  const { classes, scans: predicted } = JSON.parse(stdout) as {
    classes: string[];
    scans: { class: string }[];
  };
  expect(predicted.length).toBeGreaterThan(0);
  for (const scan of predicted) expect(classes).toContain(scan.class);

  // A baseline explains and exports like a searched network.
  const scan = join(scans, readdirSync(scans)[0]!);
  const heat = join(folder, 'heat');
  const masked = ['--masks', join(run, 'phantoms/masks'), '--json'];
  const explained = await emarsExits(0, ['explain', model, scan, '--out', heat, '--class', 'NCP', ...masked]);
  expect((JSON.parse(explained.stdout) as { scans: unknown[] }).scans).toHaveLength(predicted.length);
  expect(readdirSync(join(heat, 'scan-0000'))).toContain('heat.nii.gz');
  const onnx = join(folder, 'baseline.onnx');
  await emarsExits(0, ['export', model, '--format', 'onnx', '--with-preprocessing', '--out', onnx]);
  const session = await InferenceSession.create(onnx);
  expect(session.inputNames).toEqual(['scan']);
  expect(session.outputNames).toEqual(['logits', 'probabilities']);
});

it('refuses a run that is not finished, with what to do', async () => {
  const record = join(run, 'run.json');
  const text = readFileSync(record, 'utf8');
  writeFileSync(record, text.replace('"finished"', '"interrupted"'));
  const { stderr } = await emarsExits(3, ['retrain', run, '--out', join(folder, 'unfinished')]);
  expect(stderr).toMatch(/expected a finished run.*emars search --resume/);
  writeFileSync(record, text);
});
