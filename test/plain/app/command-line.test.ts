/** What a person or a script meets: exit codes, one clear line, no stack, help with examples. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram } from '#emars/app/program.js';
import { ROOT, config, emars, mistake } from './run-emars.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'emars-app-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const secret = (name: string, text: string, mode = 0o600): string => {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), mode);
  return join(folder, name);
};

describe('mistakes', () => {
  it.each<[string, string[], RegExp]>([
    ['an unknown command', ['inspekt'], /^unknown command 'inspekt'; did you mean inspect\?$/],
    ['an unknown option', ['inspect', '--confg', 'x'], /^unknown option '--confg'; did you mean --config\?$/],
    ['an option without its value', ['inspect', '--config'], /^option '--config <file>' argument missing/],
    [
      'a value out of range',
      ['inspect', '--classes', '1'],
      /^--classes: expected a whole number from 2 to 10000, got "1"$/,
    ],
    ['too many arguments', ['inspect', 'x'], /^too many arguments/],
    [
      'a configuration that is not there',
      ['inspect', '--config', '/nowhere/none.yaml'],
      /^\/nowhere\/none\.yaml: expected a configuration file, got no such file/,
    ],
  ])('%s ends with 2 and one line', async (_, args, line) => {
    expect(await mistake(...args)).toEqual({ code: 2, lines: [expect.stringMatching(line) as string] });
  });

  describe('a password for a foreign broker', () => {
    const search = (...more: string[]): ReturnType<typeof mistake> =>
      mistake('search', '--config', config('smoke.yaml'), '--out', join(folder, 'never'), ...more);
    const refused = (line: RegExp): object => ({ code: 2, lines: [expect.stringMatching(line) as string] });

    it('is refused in the URL, and not shown again', async () => {
      const { code, lines } = await search('--nats', 'nats://me:hush@127.0.0.1:4222');
      expect({ code, lines }).toEqual(refused(/^--nats: expected a URL without user and password/));
      expect(lines.join()).not.toContain('hush');
    });

    it('is one line of a file that others cannot read', async () => {
      const nats = ['--nats', '127.0.0.1:4222'];
      const login = secret('login', 'no colon, hush\n');
      for (const args of [
        [...nats, '--creds', login],
        [...nats, '--creds', secret('two', 'a:b\nc:hush')],
      ]) {
        const { code, lines } = await search(...args);
        expect({ code, lines }).toEqual(refused(/: expected a file of emars broker init, .*user:password/));
        expect(lines.join()).not.toContain('hush');
      }
      const open = secret('open', 'a:hush', 0o644);
      expect(await search(...nats, '--creds', open)).toEqual(
        refused(/: expected credentials that other users cannot read, got mode 644; chmod 600/),
      );
      expect(await search('--creds', secret('good', 'a:hush'))).toEqual(
        refused(/^--nats: expected the URL of a broker, as .* names none/),
      );
    });
  });

  it('says how many open files it needs, where it may have only a few', async () => {
    const script = 'ulimit -n 64 && exec "$0" bin/emars.mjs --version';
    const { code, stderr } = await new Promise<{ code: number | null; stderr: string }>((resolve) => {
      const child = spawn('sh', ['-c', script, process.execPath], { cwd: ROOT });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.on('close', (code) => resolve({ code, stderr }));
    });
    expect(stderr).toMatch(/^emars: expected at least 256 open files .*, got a limit of 64; .*\n$/);
    expect(code).toBe(4);
  });

  it('tells all problems of a configuration, one line each, without a stack', async () => {
    const name = file('bad.yaml', 'training: {bach: 4}\nevolution: {keep: 50}\n');
    const { code, stderr } = await emars(['inspect', '--config', name, '--set', 'seed=-1']);
    expect(code).toBe(2);
    expect(stderr.trimEnd().split('\n')).toEqual([
      `emars: ${name}:1:12: training.bach: expected a known key, got bach; did you mean training.batch?`,
      'emars: --set: seed: expected an integer from 0 to 4294967295, got -1',
      `emars: ${name}:2:13: evolution.keep: expected at most evolution.population survivors (K ≤ P), got 50 of 12; lower evolution.keep or raise evolution.population`,
    ]);
  });

  it('shows the stack when EMARS_DEBUG=1 asks for it', async () => {
    const { code, stderr } = await emars(['inspect', '--set', 'seed=-1'], { env: { EMARS_DEBUG: '1' } });
    expect(code).toBe(2);
    expect(stderr).toMatch(/\n\s+at /);
  });

  it('shows the help of a bare call, and ends with 2 since nothing was asked', async () => {
    const { code, stderr } = await emars([]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Usage: emars/);
  });
});

describe('help', async () => {
  const program = await buildProgram();
  const commands = program.commands.flatMap((command) =>
    command.commands.length > 0
      ? command.commands.map((inner) => [command.name(), inner.name()])
      : [[command.name()]],
  );

  it('is there for the whole, with exit codes', async () => {
    const { code, stdout } = await emars(['--help']);
    expect(code).toBe(0);
    for (const [name] of commands) expect(stdout).toContain(`  ${name ?? ''} `);
    expect(stdout).toContain('Exit codes: 0 done, 2 configuration');
  });

  it.each(commands.map((names) => [names.join(' ')]))('%s has examples', (name) => {
    const command = name
      .split(' ')
      .reduce<Command | undefined>(
        (outer, inner) => outer?.commands.find((one) => one.name() === inner),
        program,
      );
    const written: string[] = [];
    command?.configureOutput({ writeOut: (text) => written.push(text) }).outputHelp();
    expect(written.join('')).toMatch(
      new RegExp(`^Usage: emars ${name}[\\s\\S]*Examples:[\\s\\S]*emars ${name}`),
    );
  });
});

describe('output', () => {
  it('ends quietly when its reader goes away', async () => {
    const child = spawn(process.execPath, [join(ROOT, 'dist/app/main.js'), 'select', '--lines'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const said = { stderr: '' };
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    child.stdin.on('error', () => undefined);
    child.stdin.write('{}\n');
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const ended = once(child, 'exit');
    child.stdin.write('{}\n'.repeat(1000));
    expect((await ended)[0]).toBe(0);
    expect(said.stderr).toBe('');
  });
});
