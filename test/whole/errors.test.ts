/** What goes wrong at the edge: one clear line, the exit code of its kind, and nothing half-made that looks whole. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ended } from './support/search-process.js';
import { until } from '../support/until.js';
import { emars, emarsExits, isAlive, kill9, readRun } from './support/search-process.js';
import { inEpoch, whileStopped } from './support/stopped.js';

const root = mkdtempSync(join(tmpdir(), 'emars-errors-'));
const at = (...parts: string[]): string => join(root, ...parts);
const SMOKE = ['--config', 'configs/smoke.yaml'];

beforeAll(async () => {
  await emarsExits(0, ['data', 'phantom', at('scans'), '--patients', '24', '--seed', '4']);
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** One line on standard error, in our words, without a stack. */
function oneLine({ stderr }: Ended): string {
  const lines = stderr
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('emars: '));
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(lines).toHaveLength(1);
  return lines[0]!;
}

describe('a search refuses', () => {
  it('an unknown key, and names the nearest one', async () => {
    writeFileSync(at('key.yaml'), 'evolution: {populaton: 4}\n');
    expect(oneLine(await emarsExits(2, ['search', '--config', at('key.yaml'), '--out', at('key')]))).toMatch(
      /evolution\.populaton.*evolution\.population/,
    );
    expect(existsSync(at('key'))).toBe(false);
  });

  it('broken YAML, with line and column', async () => {
    writeFileSync(at('broken.yaml'), 'evolution: {population: 4\nseed: 1\n');
    expect(oneLine(await emarsExits(2, ['search', '--config', at('broken.yaml')]))).toMatch(
      /broken\.yaml.*\d+/,
    );
  });

  it('a configuration that is not there', async () => {
    expect(oneLine(await emarsExits(2, ['search', '--config', at('none.yaml')]))).toContain('none.yaml');
  });

  it('a command without configuration or folder', async () => {
    expect(oneLine(await emarsExits(2, ['search']))).toContain('--config');
  });

  it('an --out that is there', async () => {
    mkdirSync(at('taken'), { recursive: true });
    expect(oneLine(await emarsExits(2, ['search', ...SMOKE, '--out', at('taken')]))).toContain('--resume');
  });

  it('a --data that is not there', async () => {
    expect(
      oneLine(await emarsExits(2, ['search', ...SMOKE, '--data', at('nowhere'), '--out', at('nodata')])),
    ).toContain('nowhere');
  });

  it('an empty folder', async () => {
    mkdirSync(at('empty'));
    expect(
      oneLine(await emarsExits(3, ['search', ...SMOKE, '--data', at('empty'), '--out', at('from-empty')])),
    ).toContain('empty');
  });

  it('a truncated PNG, by name; and goes on without the scan where it may', async () => {
    cpSync(at('scans'), at('cut'), { recursive: true });
    const scan = readdirSync(at('cut'), { recursive: true, withFileTypes: true }).find(
      (entry) => entry.name.endsWith('.png') && !entry.parentPath.includes('masks'),
    )!;
    truncateSync(join(scan.parentPath, scan.name), 200);
    const line = oneLine(
      await emarsExits(3, ['search', ...SMOKE, '--data', at('cut'), '--out', at('from-cut')]),
    );
    expect(line).toContain(scan.name);
    const started = emars([
      'search',
      ...SMOKE,
      '--data',
      at('cut'),
      '--out',
      at('skip'),
      '--set',
      'data.onBadScan=skip',
      '--trainers',
      '1',
    ]);
    const evolution = { search: started, folder: at('skip'), id: 'evolution' };
    await whileStopped(evolution, inEpoch(1), async () => {
      started.child.kill('SIGINT');
      await until(() => started.output().includes('stops after the step at work'));
    });
    expect((await started.ended).code).toBe(130);
    expect(
      (readRun(at('skip')) as unknown as { badScans: { path: string; reason: string }[] }).badScans,
    ).toHaveLength(1);
  });

  it('a split that leaks a patient', async () => {
    const { stdout } = await emarsExits(0, ['data', 'split', at('scans')]);
    const split = JSON.parse(stdout) as {
      train: { id: string; patient: string }[];
      validation: { id: string; patient: string }[];
    };
    const leaked = split.train.find(
      ({ patient }) => split.train.filter((other) => other.patient === patient).length > 1,
    )!;
    split.train = split.train.filter(({ id }) => id !== leaked.id);
    split.validation.push(leaked);
    writeFileSync(at('leak.json'), JSON.stringify(split));
    const line = oneLine(
      await emarsExits(3, [
        'search',
        ...SMOKE,
        '--data',
        at('scans'),
        '--set',
        `data.split.file=${at('leak.json')}`,
        '--out',
        at('leak'),
      ]),
    );
    expect(line).toContain(leaked.patient);
  });

  it('a broker that cannot be reached', async () => {
    const line = oneLine(
      await emarsExits(4, [
        'search',
        ...SMOKE,
        '--data',
        at('scans'),
        '--nats',
        'nats://127.0.0.1:9',
        '--out',
        at('unreachable'),
      ]),
    );
    expect(line).toContain('127.0.0.1:9');
  });

  it('a batch larger than the training scans', async () => {
    const line = oneLine(
      await emarsExits(3, [
        'search',
        ...SMOKE,
        '--data',
        at('scans'),
        '--set',
        'training.batch=128',
        '--out',
        at('batch'),
      ]),
    );
    expect(line).toMatch(/128 training scans/);
  });
});

it('a search whose reader goes away stops in order and can be resumed', async () => {
  const arguments_ = ['search', ...SMOKE, '--data', at('scans'), '--out', at('unread'), '--json'];
  const started = emars([...arguments_, '--trainers', '1']);
  const evolution = { search: started, folder: at('unread'), id: 'evolution' };
  await whileStopped(evolution, inEpoch(1), () => started.child.stdout!.destroy());
  expect(await started.ended).toMatchObject({ code: 130 });
  expect(started.output()).toMatch(
    /the reader of the output has gone; go on with: npx emars search --resume/,
  );
  expect(readRun(at('unread'))).toMatchObject({ status: 'interrupted' });
});

describe('a resume refuses', () => {
  it('a folder that is not there, and one that is no run', async () => {
    expect(oneLine(await emarsExits(2, ['search', '--resume', at('nothing')]))).toContain('nothing');
    expect(oneLine(await emarsExits(3, ['search', '--resume', at('scans')]))).toContain('config.yaml');
  });

  it('what the run has fixed', async () => {
    expect(oneLine(await emarsExits(2, ['search', '--resume', at('scans'), '--seed', '3']))).toContain(
      '--seed',
    );
  });

  it('a damaged journal, another configuration, a damaged snapshot, and names the file', async () => {
    const started = emars([
      'search',
      ...SMOKE,
      '--data',
      at('scans'),
      '--out',
      at('damaged'),
      '--trainers',
      '1',
    ]);
    const pids: number[] = [];
    await whileStopped({ search: started, folder: at('damaged'), id: 'evolution' }, inEpoch(3), (run) => {
      kill9(started.child.pid!);
      pids.push(...run.processes.flatMap(({ pid }) => pid ?? []));
    });
    await until(() => !pids.some(isAlive));
    cpSync(at('damaged'), at('reconfigured'), { recursive: true });
    const journal = readFileSync(at('damaged', 'journal'));
    journal[400]! ^= 1;
    writeFileSync(at('damaged', 'journal'), journal);
    expect(oneLine(await emarsExits(3, ['search', '--resume', at('damaged')]))).toContain('journal');
    const config = readFileSync(at('reconfigured', 'config.yaml'), 'utf8');
    writeFileSync(at('reconfigured', 'config.yaml'), config.replace(/learningRate: .*/, 'learningRate: 0.5'));
    expect(oneLine(await emarsExits(3, ['search', '--resume', at('reconfigured')]))).toContain('config.yaml');
    writeFileSync(at('reconfigured', 'config.yaml'), config);
    for (const name of readdirSync(at('reconfigured', 'snapshots')))
      truncateSync(at('reconfigured', 'snapshots', name), 1000);
    expect(
      oneLine(await emarsExits(3, ['search', '--resume', at('reconfigured'), '--trainers', '1'])),
    ).toMatch(/snapshot/);
  });
});
