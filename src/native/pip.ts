/**
 * Fetches pinned wheels with the machine's own pip, so that mirrors, proxies and certificates that
 * are set up for pip hold here too. Nothing is installed: `pip download` also works where the Python
 * environment is "externally managed" (PEP 668). pip checks the hash, and so do we.
 */

import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, findProgram, run } from './command.js';
import { reasonOf } from './errors.js';
import type { WheelPin } from './pins.js';
import { sha256OfFile } from './wheel.js';

/** How a set-up speaks: lines for steps, and a line that replaces itself for progress. */
export interface Reporter {
  readonly log: (line: string) => void;
  /** Text of the moment, or null to clear it. */
  readonly progress?: (text: string | null) => void;
}

const PYTHONS = ['python3', 'python'];
const PIPS = ['pip3', 'pip'];
const QUICK = 20_000;
/** 600 MB on a line of 3 Mbit/s. */
const DOWNLOAD_AT_MOST = 30 * 60_000;

type CommandLine = readonly [string, ...string[]];

/** Asking a pip whether it works takes half a second: once for each environment. */
const known = new WeakMap<NodeJS.ProcessEnv, CommandLine>();

/** A command line that runs pip: program and leading arguments. */
export async function findPip(env: NodeJS.ProcessEnv): Promise<CommandLine> {
  const before = known.get(env);
  if (before !== undefined) return before;
  const refused: string[] = [];
  const candidates: CommandLine[] = [
    ...pythons(env).map((python): CommandLine => [python, '-m', 'pip']),
    ...PIPS.map((pip): CommandLine => [pip]),
  ];
  for (const [name, ...args] of candidates) {
    const program = findProgram(name, env);
    if (program === null) continue;
    try {
      await run(program, [...args, '--version'], { env, deadline: QUICK });
      known.set(env, [program, ...args]);
      return [program, ...args];
    } catch (error) {
      refused.push(reasonOf(error));
    }
  }
  throw new Error(
    refused.length === 0
      ? 'no Python with pip on PATH (Debian and Ubuntu: apt install python3-pip)'
      : `no pip that works (Debian and Ubuntu: apt install python3-pip): ${refused.join(', ')}`,
  );
}

/** The Pythons to ask, in order: `EMARS_PYTHON`, else those on PATH. */
export function pythons(env: NodeJS.ProcessEnv): readonly string[] {
  const own = env['EMARS_PYTHON'] ?? '';
  return own === '' ? PYTHONS : [own];
}

/** Downloads one pinned wheel into `folder` (created) and returns its path, its SHA-256 checked. */
export async function downloadWheel(
  pin: WheelPin,
  folder: string,
  env: NodeJS.ProcessEnv,
  reporter: Reporter,
): Promise<string> {
  const [program, ...pip] = await findPip(env);
  const target = join(folder, 'wheel');
  const temporary = join(folder, 'tmp');
  mkdirSync(target, { recursive: true });
  mkdirSync(temporary, { recursive: true });
  const requirement = join(folder, 'requirement.txt');
  writeFileSync(requirement, `${pin.project}==${pin.version} --hash=sha256:${pin.sha256}\n`);
  const tags = pin.platforms.flatMap((platform) => ['--platform', platform]);
  const args = [
    ...pip,
    'download',
    '--no-deps',
    '--only-binary=:all:',
    '--require-hashes',
    '--no-cache-dir',
    '--no-input',
    '--disable-pip-version-check',
  ];
  args.push(
    '--progress-bar',
    'off',
    '--retries',
    '2',
    '--timeout',
    '30',
    '--python-version',
    '3.12',
    ...tags,
    '--dest',
    target,
    '--requirement',
    requirement,
  );
  const stop = watchGrowth(folder, pin, reporter);
  try {
    // pip unpacks into TMPDIR first: beside the target, since /tmp is a small memory disk on some machines.
    await run(program, args, { env: { ...env, TMPDIR: temporary }, deadline: DOWNLOAD_AT_MOST });
  } catch (error) {
    throw error instanceof CommandError ? new Error(wordsOfPip(error), { cause: error }) : error;
  } finally {
    stop();
  }
  const [name, ...others] = readdirSync(target).filter((file) => file.endsWith('.whl'));
  if (name === undefined || others.length > 0)
    throw new Error(
      `pip left ${others.length + (name === undefined ? 0 : 1)} wheels where one was asked for`,
    );
  const wheel = join(target, name);
  await checkWheel(wheel, [pin]);
  return wheel;
}

/** pip repeats itself for each retry of an index that does not answer; once is enough. */
export function wordsOfPip({ reason, said }: Pick<CommandError, 'reason' | 'said'>): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  const kept = lines.filter((line) => !/^\s*WARNING: Retrying/.test(line));
  const silent =
    kept.length < lines.length ? 'the package index does not answer (see PIP_INDEX_URL, HTTPS_PROXY)' : null;
  return [`pip ${reason}`, ...(silent === null ? [] : [silent]), ...kept].join('; ');
}

/** Refuses a wheel whose SHA-256 is none of the pinned ones; returns the pin it is. */
export async function checkWheel(wheel: string, pins: readonly WheelPin[]): Promise<WheelPin> {
  const found = await sha256OfFile(wheel);
  const pin = pins.find(({ sha256 }) => sha256 === found);
  if (pin !== undefined) return pin;
  const expected = pins
    .map(({ project, version, sha256 }) => `${sha256} (${project} ${version})`)
    .join(' or ');
  throw new Error(`refused ${wheel}: its SHA-256 is ${found}, expected ${expected}`);
}

/** Shows how much has arrived; pip itself is silent. */
function watchGrowth(folder: string, pin: WheelPin, reporter: Reporter): () => void {
  const { progress } = reporter;
  if (progress === undefined) return () => undefined;
  const timer = setInterval(() => {
    const megabytes = Math.round(largestFile(folder) / 1e6);
    progress(
      `${pin.project} ${pin.version}: ${megabytes}${pin.bytes > 0 ? ` of ${Math.round(pin.bytes / 1e6)}` : ''} MB`,
    );
  }, 300);
  return () => {
    clearInterval(timer);
    progress(null);
  };
}

function largestFile(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .reduce(
        (largest, file) =>
          Math.max(largest, statSync(join(file.parentPath, file.name), { throwIfNoEntry: false })?.size ?? 0),
        0,
      );
  } catch {
    return 0; // pip moves its files about.
  }
}
