/**
 * The templates before the tools of those who use them: shells, systemd, and, where they are there (.ci/run fetches
 * them), hadolint, shellcheck and the schemas of Kubernetes. Skipped aloud where one is not.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT, textOf } from '../docs/pages.js';
import { compose, DOCKERFILE, KUBERNETES, pods, SBATCH, SEARCH, UNITS } from './templates.js';

const root = mkdtempSync(join(tmpdir(), 'emars-deploy-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Of these versions: others find other things. */
const TOOLS = process.env['EMARS_LINT_TOOLS'] ?? '';
const run = (program: string, ...args: string[]) => spawnSync(program, args, { cwd: ROOT, encoding: 'utf8' });
const pinned = (program: string): string => join(TOOLS, program);
const lacks = (program: string): string =>
  TOOLS !== '' && run(pinned(program), '--version').error === undefined
    ? ''
    : ` (skipped: no ${program} in EMARS_LINT_TOOLS)`;

/** A file of its own with `text` changed. */
function changed(path: string, change: (text: string) => string): string {
  const at = join(root, basename(path));
  writeFileSync(at, change(textOf(path)));
  return at;
}

const SCRIPTS = [SBATCH, SEARCH, 'scripts/cluster.sh'];

it.each(SCRIPTS)('%s is one that its shell reads', (path) => {
  const [, shell = ''] = /^#!\S*\/(\w+)\n/.exec(textOf(path))!;
  expect(run(shell, '-n', path)).toMatchObject({ status: 0, stderr: '' });
});

const noShellcheck = lacks('shellcheck');
it.skipIf(noShellcheck !== '')(`shellcheck finds nothing in the scripts${noShellcheck}`, () => {
  expect(run(pinned('shellcheck'), ...SCRIPTS)).toMatchObject({ status: 0, stdout: '' });
});

const noSystemd =
  run('systemd-analyze', '--version').error === undefined ? '' : ' (skipped: no systemd-analyze here)';
it.skipIf(noSystemd !== '')(`systemd takes the units${noSystemd}`, () => {
  // Programs must be there to be verified.
  const here = (text: string): string => text.replaceAll('/opt/emars/', `${ROOT}/`);
  const units = UNITS.map((path) => changed(path, here));
  // It looks at the machine's own units as well.
  const { stderr } = run('systemd-analyze', 'verify', ...units);
  expect(stderr.split('\n').filter((line) => line.includes('emars'))).toEqual([]);
  const [, wrong = ''] = UNITS;
  const broken = changed(wrong, (text) => here(text).replace('NoNewPrivileges', 'NoNewPrivilege'));
  expect(run('systemd-analyze', 'verify', broken).stderr).toContain('NoNewPrivilege');
});

const noHadolint = lacks('hadolint');
it.skipIf(noHadolint !== '')(`hadolint finds nothing in the Dockerfile${noHadolint}`, () => {
  expect(run(pinned('hadolint'), DOCKERFILE)).toMatchObject({ status: 0, stdout: '' });
});

const noSchemas = lacks('kubernetes-validate');
it.skipIf(noSchemas !== '')(`the manifests are such by the schemas of Kubernetes${noSchemas}`, () => {
  const checked = run(pinned('kubernetes-validate'), '--strict', KUBERNETES);
  expect(checked.status, checked.stdout + checked.stderr).toBe(0);
  const wrong = changed(KUBERNETES, (text) => text.replace('readinessProbe', 'readynessProbe'));
  expect(run(pinned('kubernetes-validate'), '--strict', wrong).status).not.toBe(0);
});

describe('what makes the credentials', () => {
  const kubernetes = pods()[0]!.initContainers[0]!.command!.at(-1)!;
  const composed = compose().services['keys']!.command[0]!.replaceAll('$$', '$');

  it.each([
    ['of the manifests', kubernetes, 'broker', ['emars-worker-0', 'emars-worker-3', 'search']],
    ['of the compose file', composed, 'broker/folder', ['worker-0', 'worker-1', 'search']],
  ])('%s makes them once, for their owner alone', (_, script, folder, names) => {
    const home = mkdtempSync(join(root, 'home-'));
    // As volumes would be there.
    execFileSync('mkdir', [
      '-p',
      ...['broker', 'search', 'worker-0', 'worker-1'].map((name) => join(home, name)),
    ]);
    if (folder === 'broker') rmSync(join(home, 'broker'), { recursive: true });
    const here = script.replaceAll('/opt/emars/', `${ROOT}/`).replaceAll('/var/lib/emars', home);
    for (let start = 1; start <= 2; start++) {
      const { status, stderr } = run('sh', '-ceu', here);
      expect(status, stderr).toBe(0);
    }
    const files = readdirSync(join(home, folder));
    for (const name of names) expect(files).toContain(`${name}.creds`);
    for (const name of files) expect(statSync(join(home, folder, name)).mode & 0o077, name).toBe(0);
    if (folder !== 'broker')
      for (const name of names) expect(statSync(join(home, name, 'creds')).mode & 0o777).toBe(0o600);
  });
});
