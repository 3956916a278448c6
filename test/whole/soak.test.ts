/** The soak itself, for less than a minute: it sees all that it says it watches, and leaves nothing running. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { readRecord } from '#emars/run/record.js';
import { runFolder } from '#emars/run/folder.js';

const root = resolve(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'emars-soak-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Found {
  readonly kills: number;
  readonly findings: readonly { readonly of: string; readonly what: string; readonly samples: number }[];
}

/** What it prints; its exit code says what grows, and in so short a time anything may. */
async function soak(out: string): Promise<Found> {
  const run = promisify(execFile);
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await run(process.execPath, [compiler, '-p', join(root, 'bench', 'tsconfig.json')]);
  const times = ['--hours', '0.01', '--warm-up', '0', '--kill-every', '4', '--sample-every', '1'];
  const args = [
    join(root, 'dist-bench', 'soak', 'main.js'),
    ...times,
    '--config',
    'configs/smoke.yaml',
    '--out',
    out,
    '--json',
  ];
  const options = { cwd: root, maxBuffer: 2 ** 26 };
  const said = await run(process.execPath, args, options).catch(
    (error: unknown) => error as { stdout: string },
  );
  return JSON.parse(said.stdout) as Found;
}

/** A living process of the run in `out`: another may have got the id. */
function isOf(out: string, pid: number | null): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(out);
  } catch {
    return false;
  }
}

describe.skipIf(!existsSync('/proc/self/fd'))('A soak', () => {
  it('samples every process, heap and folder, kills a trainer, and ends its search', async () => {
    const out = join(folder, 'soak');
    const { kills, findings } = await soak(out);
    expect(kills).toBeGreaterThan(0);
    const seen = new Map(findings.map(({ of, what, samples }) => [`${of}: ${what}`, samples]));
    for (const id of ['parent', 'evolution', 'evaluator-0', 'trainer-0'])
      for (const what of ['memory', 'heap', 'threads', 'handles'])
        expect(seen.get(`${id}: ${what}`), `${id}: ${what}`).toBeGreaterThan(0);
    for (const quantity of [
      'nats-server: memory',
      'broker supervisor: handles',
      'broker: store',
      'broker: messages kept',
      'leases: evaluations handed out',
      'leases: slots of a step',
      'run folder: files',
    ])
      expect(seen.get(quantity), quantity).toBeGreaterThan(0);
    expect([...seen.keys()].filter((key) => key.startsWith('trainer-1'))).toEqual([]);

    const { processes } = await readRecord(runFolder(join(out, 'run')));
    expect(processes.filter(({ pid }) => isOf(out, pid))).toEqual([]);
    // A heap for each of two threads of a trainer at least: of the main one and of the bus.
    expect(readdirSync(join(out, 'heaps')).length).toBeGreaterThan(8);
  });
});
