/**
 * Every command in a code block, and in the help of a command, is one that the command line takes.
 * The cheap ones are run as they stand, in a folder that has what a reader would have.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram } from '#emars/app/program.js';
import { ROOT, codeBlocks, pages, textOf } from './pages.js';

const SHELL = new Set(['sh', 'bash', 'shell', 'console']);

interface Documented {
  readonly where: string;
  /** The whole line, without its comment. */
  readonly line: string;
  /** Arguments of each `emars` in it. */
  readonly calls: readonly (readonly string[])[];
}

/** Words of a simple shell line: quotes count, nothing else is special. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}

function documented(where: string, raw: string): Documented | null {
  const line = raw.replace(/\s+# .*$/, '').trim();
  const calls = line
    .split(/\s(?:\||&&|>)\s/)
    .map((part) => words(part))
    .flatMap((part) => {
      const rest = part[0] === 'npx' ? part.slice(1) : part;
      return rest[0] === 'emars' ? [rest.slice(1)] : [];
    });
  return calls.length === 0 ? null : { where, line, calls };
}

function documentedInPages(): Documented[] {
  const lines = pages.flatMap((page) =>
    codeBlocks(page)
      .filter(({ language }) => SHELL.has(language))
      .flatMap((block) => block.lines.map((line) => ({ page, line }))),
  );
  return lines.flatMap(({ page, line }) => documented(page, line) ?? []);
}

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

/** The examples under `Examples:` of every command's help. */
async function documentedInHelp(): Promise<Documented[]> {
  return leaves(await buildProgram()).flatMap((command) => {
    const written: string[] = [];
    command.configureOutput({ writeOut: (text) => written.push(text) }).outputHelp();
    const [, examples = ''] = written.join('').split(/Examples?:\n/);
    return examples.split('\n').flatMap((line) => documented(`emars ${command.name()} --help`, line) ?? []);
  });
}

/** Parses as the command line would, without doing it. Rejects with what the parser says. */
async function parse(args: readonly string[]): Promise<void> {
  const program = await buildProgram();
  for (const command of leaves(program)) command.action(() => undefined);
  await program.parseAsync([...args], { from: 'user' });
}

const inPages = documentedInPages();
const inHelp = await documentedInHelp();

describe('commands in the documentation', () => {
  it('are there to be checked', () => {
    expect(inPages.length).toBeGreaterThan(20);
    expect(inHelp.length).toBeGreaterThan(15);
    expect(new Set(inPages.flatMap(({ calls }) => calls.map(([name]) => name)))).toEqual(
      new Set([
        'baselines',
        'broker',
        'chaos',
        'cluster',
        'data',
        'doctor',
        'evaluate',
        'explain',
        'export',
        'inspect',
        'objective',
        'predict',
        'report',
        'retrain',
        'search',
        'select',
        'standby',
        'study',
        'tables',
        'worker',
      ]),
    );
  });

  it('and in the help are ones that the command line takes', async () => {
    const refused: string[] = [];
    for (const { where, line, calls } of [...inPages, ...inHelp]) {
      for (const call of calls)
        await parse(call).catch((error: unknown) => refused.push(`${where}: ${line}: ${String(error)}`));
    }
    expect(refused).toEqual([]);
  });

  it('would be refused with an option that is not there', async () => {
    await expect(parse(['search', '--confg', 'x.yaml'])).rejects.toThrow(/unknown option/);
  });

  it('of npm are scripts of package.json', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const named = pages.flatMap((page) =>
      [...textOf(page).matchAll(/\bnpm (?:run (?:-s )?([\w:]+)|(start|test)\b)/g)].map(
        ([, script, plain]) => script ?? plain ?? '',
      ),
    );
    expect(named).toEqual(expect.arrayContaining(['start', 'test', 'rooms']));
    expect([...new Set(named)].filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it('all have a row in the table of README.md', async () => {
    const table = textOf('README.md');
    for (const command of (await buildProgram()).commands)
      expect(table).toContain(`| \`emars ${command.name()}`);
  });
});

/** Quick and without TensorFlow. What they need is in the folder below. */
const CHEAP =
  /^(?:npx )?emars (?:inspect|select|doctor|data (?:phantom|inspect|split))|\| (?:npx )?emars (?:inspect|select)(?! --lines)/;
/** One line for each command and set of options: `inspect a` and `inspect b` show the same. */
const shapeOf = ({ calls }: Documented): string =>
  calls
    .map(([name = '', ...rest]) =>
      [
        name,
        ...(name === 'data' ? rest.slice(0, 1) : []),
        ...rest.filter((word) => word.startsWith('-')).sort(),
      ].join(' '),
    )
    .join(' | ');
const cheap = [
  ...new Map(
    [...inHelp, ...inPages].filter(({ line }) => CHEAP.test(line)).map((one) => [shapeOf(one), one]),
  ).values(),
];

describe('the cheap ones', () => {
  const folder = mkdtempSync(join(tmpdir(), 'emars-docs-'));
  const bin = join(folder, 'bin');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeAll(async () => {
    mkdirSync(bin);
    script('emars', `exec "${process.execPath}" "${join(ROOT, 'bin/emars.mjs')}" "$@"`);
    script('npx', 'exec "$@"');
    symlinkSync(join(ROOT, 'configs'), join(folder, 'configs'));
    symlinkSync(join(ROOT, 'docs'), join(folder, 'docs'));
    await shell(
      'emars data phantom scans --patients 15 --set data.phantom.slices=4 --set data.phantom.size=16',
    );
    for (const name of ['my-scans', 'DIR', 'clean-cc-ccii', 'mosmed', 'covid-ctset', 'dicom'])
      symlinkSync('scans', join(folder, name));
    writeFileSync(
      join(folder, 'genome.json'),
      JSON.stringify({ genome: ['skip', 'mb_k3_e3', 'skip', 'skip'] }),
    );
    writeFileSync(join(folder, 'my.yaml'), 'seed: 7\n');
  });

  function script(name: string, body: string): void {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }

  /** Runs a line as it stands. Rejects unless it ends with 0. */
  async function shell(line: string): Promise<string> {
    const { stdout } = await promisify(execFile)('sh', ['-c', line], {
      cwd: folder,
      env: { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}` },
    });
    return stdout;
  }

  it('are there', () => {
    expect(cheap.map(({ line }) => line).join('\n')).toMatch(
      /doctor[\s\S]*data inspect|data inspect[\s\S]*doctor/,
    );
    expect(cheap.length).toBeGreaterThan(8);
  });

  it.each(cheap.map(({ line, where }) => [line, where]))('%s (%s) does it', async (line) => {
    // A big page of phantoms costs a minute and shows nothing that 15 patients do not.
    const patients = line.includes('data phantom') && !line.includes('--patients') ? ' --patients 3' : '';
    const output = await shell(line.replace(/--patients \d+/, '--patients 15') + patients);
    if (line.includes('--json')) expect(() => JSON.parse(output) as unknown).not.toThrow();
    else if (!line.includes(' > ')) expect(output).not.toBe('');
  });
});
