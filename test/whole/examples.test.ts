/** The examples of docs/examples run as they stand, and show what they say. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLES = join(ROOT, 'docs/examples');
const root = mkdtempSync(join(tmpdir(), 'emars-examples-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function example(name: string, ...args: string[]): Promise<{ lines: string[]; stderr: string }> {
  const script = join(EXAMPLES, `${name}.mjs`);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, ...args], { cwd: ROOT });
  return { lines: stdout.trimEnd().split('\n'), stderr };
}

it('examples have at most 40 lines each', () => {
  const scripts = readdirSync(EXAMPLES).filter((name) => name.endsWith('.mjs'));
  expect(scripts.length).toBeGreaterThanOrEqual(5);
  for (const name of scripts)
    expect(readFileSync(join(EXAMPLES, name), 'utf8').trimEnd().split('\n').length, name).toBeLessThanOrEqual(
      40,
    );
});

describe('the example', () => {
  it('search.mjs searches with its own objective, and tells each epoch', async () => {
    const { lines } = await example('search', join(root, 'memory'));
    expect(lines.filter((line) => line.startsWith('epoch ')).length).toBeGreaterThan(0);
    expect(lines.some((line) => / MB .*(mb_k|skip)/.test(line))).toBe(true);
    expect(lines.at(-1)).toBe(join(root, 'memory', 'report.html'));
  });

  it('read-run.mjs prints the run as a table', async () => {
    const { lines, stderr } = await example('read-run', join(root, 'memory'));
    expect(lines[0]).toBe('epoch,id,accuracy,memory,selected,on the front,genome');
    expect(new Set(lines.map((line) => line.split(',').length))).toEqual(new Set([7]));
    expect(stderr).toMatch(/^finished in [\d.]+ s; best: [0-9a-f]{16} /);
  });

  it('resume.mjs stops a search and goes on with it, to the same front', async () => {
    const { lines } = await example('resume', join(root, 'resumed'));
    expect(lines[0]).toBe('stopped: enough for today');
    expect(lines[1]).toMatch(/^went on with epochs (1, )?2, 3, 4, 5$/);
    expect(lines[2]).toMatch(/^\d+ networks on the front$/);
  });

  it('select.mjs finds the compromises between two minima', async () => {
    const points = (await example('select')).lines[0]!.split(' ').map(Number);
    expect(points).toHaveLength(12);
    expect(points[0]).toBeLessThan(0.2);
    expect(points.at(-1)).toBeGreaterThan(1.8);
    expect(points.every((x) => x > -0.2 && x < 2.2)).toBe(true);
  });
});
