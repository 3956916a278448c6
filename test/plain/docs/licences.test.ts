/** What a run is made of: under licences that somebody has looked at, and all of it in the bill of materials. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { natsPin, tensorflowPin } from '#emars/native/pins.js';
import { ROOT, textOf } from './pages.js';

interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly dev?: true;
  readonly os?: readonly string[];
  readonly integrity?: string;
  readonly resolved?: string;
}

const locked = Object.entries(
  (JSON.parse(textOf('package-lock.json')) as { packages: Record<string, Locked> }).packages,
).filter(([path]) => path !== '');
/** What a user installs on Linux. */
const production = locked.filter(([, { dev, os }]) => dev !== true && (os?.includes('linux') ?? true));

/** Nothing here asks more of who uses EMARS than to keep a notice. */
const PERMISSIVE = new Set([
  'MIT',
  '0BSD',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'Zlib',
  'Python-2.0',
  'Unlicense',
  'CC0-1.0',
  'Apache-2.0',
]);

/** Loaded at run time as a library of its own, unchanged: what the LGPL asks. */
const LIBVIPS = /^node_modules\/@img\/sharp-(libvips-|wasm32$)/;

const atoms = (licence: string): string[] => licence.replaceAll(/[()]/g, '').split(/ (?:AND|OR) /);

it('every package of a run stands under a licence that is allowed here', () => {
  expect(production.length).toBeGreaterThan(100);
  const strange = production.filter(([path, { license = 'none' }]) =>
    atoms(license).some(
      (licence) => !PERMISSIVE.has(licence) && !(licence === 'LGPL-3.0-or-later' && LIBVIPS.test(path)),
    ),
  );
  expect(strange.map(([path, { license }]) => `${path}: ${license ?? 'none'}`)).toEqual([]);
});

it('the page about the set-up names each of these licences', () => {
  const table = textOf('docs/guides/setup.md').split('its licences')[1]!;
  const found = new Set(production.flatMap(([, { license }]) => atoms(license!)));
  expect([...found].filter((licence) => !table.includes(licence))).toEqual([]);
  for (const licence of PERMISSIVE) expect(found, 'allowed, and nobody has it').toContain(licence);
});

it('what is installed says the licence that the lock file says', () => {
  const installed = production.filter(([path]) => existsSync(join(ROOT, path, 'package.json')));
  expect(installed.length).toBeGreaterThan(100);
  for (const [path, { license, version }] of installed) {
    const own = JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8')) as Partial<Locked>;
    expect([own.license, own.version], path).toEqual([license, version]);
  }
});

it('every package is pinned by its hash, and comes from no other place than the registry', () => {
  for (const [path, { integrity, resolved }] of locked) {
    expect(integrity, path).toMatch(/^sha512-/);
    expect(resolved ?? 'https://registry.npmjs.org/', path).toMatch(/^https:\/\/registry\.npmjs\.org\//);
  }
});

it('the bill of materials has every package and every pinned wheel, with a licence and a hash', () => {
  const bill = JSON.parse(
    execFileSync(process.execPath, ['setup/sbom.mjs'], { cwd: ROOT, encoding: 'utf8' }),
  ) as {
    components: { name: string; version: string; licenses: unknown[]; hashes: { content: string }[] }[];
  };
  const names = new Set(bill.components.map(({ name, version }) => `${name}@${version}`));
  const wanted = production.map(
    ([path, { version }]) => `${path.replace(/.*node_modules\//, '')}@${version}`,
  );
  expect(wanted.filter((name) => !names.has(name))).toEqual([]);
  const development = locked.filter(([, { dev }]) => dev === true);
  expect(names).not.toContain(`vitest@${development.find(([path]) => path.endsWith('/vitest'))![1].version}`);
  const cuda = tensorflowPin('cuda', 'linux-x64')!;
  const wheels = [
    tensorflowPin('cpu', 'linux-x64')!.wheel,
    cuda.wheel,
    ...cuda.libraries,
    natsPin('linux-x64').wheel!,
    natsPin('linux-arm64').wheel!,
  ];
  const hashes = new Set(
    bill.components.flatMap((component) => component.hashes.map(({ content }) => content)),
  );
  for (const wheel of wheels) expect(hashes, wheel.project).toContain(wheel.sha256);
  for (const { name, licenses, hashes: own } of bill.components)
    expect([licenses.length, own.length], name).toEqual([1, 1]);
});
