/**
 * The package as a user has it: packed, installed into an empty project without install scripts, and
 * used by a TypeScript program of 20 lines, one file, that searches with an objective of its own.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const root = mkdtempSync(join(tmpdir(), 'emars-package-'));
const project = join(root, 'project');
afterAll(() => rmSync(root, { recursive: true, force: true }));

const PROGRAM = `
import { search, type GenomeObjective } from 'emars';

const depth: GenomeObjective = {
  ...{ name: 'depth', unit: 'blocks', direction: 'min', needs: 'genome' },
  measure: ({ genome }) => ({ value: genome.filter((operation) => operation !== 'skip').length }),
};
const run = search({
  options: {
    supernet: { stem: 8, widths: [8], strides: [2], blocks: [2], head: 16 },
    ...{ input: { slices: 8, size: 16 }, training: { batch: 4, individualsPerStep: 2 } },
    ...{ warmup: { epochs: 0 }, evolution: { population: 4, keep: 2, epochs: 1 } },
    objectives: ['accuracy', depth],
    data: { phantom: { patients: 9, scansPerPatient: 1, slices: 8, size: 16 } },
  },
  ...{ trainers: 1, out: 'run' },
});
for await (const event of run.events) if (event.kind !== 'status') console.log(event.kind);
const { front } = await run.result;
console.log(JSON.stringify(front.front.map(({ values }) => values)));
`;

/** What npm says where no registry can be reached. */
const OFFLINE =
  /E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|NOTCACHED|NETUNREACH|HOSTUNREACH)|network/;

async function npm(cwd: string, ...args: string[]): Promise<string> {
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { stdout } = await promisify(execFile)('npm', [...args, ...quiet], { cwd, maxBuffer: 2 ** 24 });
  return stdout;
}

describe('the package', () => {
  let archive = '';
  let unreachable: string | null = null;

  beforeAll(async () => {
    mkdirSync(project);
    const packed = JSON.parse(await npm(ROOT, 'pack', '--json', '--pack-destination', root)) as {
      filename: string;
      files: { path: string }[];
    }[];
    archive = join(root, packed[0]!.filename);
    files = packed[0]!.files.map(({ path }) => path);
    writeFileSync(join(project, 'package.json'), '{"type": "module", "private": true}\n');
    try {
      await npm(project, 'install', '--prefer-offline', archive);
    } catch (error) {
      if (!OFFLINE.test(String(error))) throw error;
      unreachable = String(error).split('\n')[0]!;
    }
  });
  let files: string[] = [];

  it('holds what runs, and neither tests, sources nor what a build leaves for itself', () => {
    for (const path of ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'])
      expect(files).toContain(path);
    for (const path of ['bin/emars.mjs', 'configs/quickstart.yaml', 'proto/generated/emars.js'])
      expect(files).toContain(path);
    expect(files.filter((path) => /^(test|src|docs|bench|setup)\/|\.map$|\/\./.test(path))).toEqual([]);
  });

  it('runs a search with an objective of one’s own in the same file, from a TypeScript program of 20 lines', async (context) => {
    if (unreachable !== null) return context.skip(`no registry of packages can be reached: ${unreachable}`);
    expect(PROGRAM.trim().split('\n').length).toBeLessThanOrEqual(20);
    writeFileSync(join(project, 'program.ts'), PROGRAM);
    const flags = ['--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node'];
    const compiler = join(project, 'node_modules/typescript/bin/tsc');
    const node = (...args: string[]): Promise<{ stdout: string }> =>
      promisify(execFile)(process.execPath, args, { cwd: project });
    await node(compiler, ...flags, 'program.ts');
    const lines = (await node('program.js')).stdout.trim().split('\n');
    expect(lines).toEqual(expect.arrayContaining(['prepared', 'finished']));
    const values = JSON.parse(lines.at(-1)!) as { accuracy: number; depth: number }[];
    expect(values.length).toBeGreaterThan(0);
    for (const { accuracy, depth } of values) {
      expect(accuracy).toBeGreaterThanOrEqual(0);
      expect([0, 1, 2]).toContain(depth);
    }
    const record = JSON.parse(readFileSync(join(project, 'run/run.json'), 'utf8')) as { status: string };
    expect(record.status).toBe('finished');
  });
});
