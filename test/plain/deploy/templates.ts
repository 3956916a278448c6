/** The templates of deploy/, read: manifests, services and units as data. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { ROOT, textOf } from '../docs/pages.js';

export const KUBERNETES = 'deploy/kubernetes/emars.yaml';
export const COMPOSE = 'deploy/compose/compose.yaml';
export const DOCKERFILE = 'deploy/docker/Dockerfile';
export const SBATCH = 'deploy/slurm/search.sbatch';
export const SEARCH = 'deploy/search.sh';

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string }[];
  readonly securityContext: unknown;
  readonly resources: { readonly limits: { readonly memory: string } };
}

interface Pod {
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: unknown;
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes: readonly unknown[];
}

export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly replicas?: number; readonly template?: { readonly spec: Pod } };
}

/** Throws where a document is no YAML: an alias of another document is none. */
export function manifests(): Manifest[] {
  return parseAllDocuments(textOf(KUBERNETES)).map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.toJS() as Manifest;
  });
}

export function pods(): Pod[] {
  return manifests().flatMap(({ spec }) => (spec?.template === undefined ? [] : [spec.template.spec]));
}

export interface Service {
  readonly image: string;
  readonly user: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly mem_limit: string;
  readonly entrypoint?: readonly string[];
  readonly command: readonly string[];
  readonly environment?: unknown;
  readonly volumes: readonly string[];
}

export const compose = (): { readonly services: Readonly<Record<string, Service>> } =>
  parse(textOf(COMPOSE), { merge: true }) as { services: Record<string, Service> };

export const UNITS = readdirSync(join(ROOT, 'deploy/systemd')).map((name) => `deploy/systemd/${name}`);

/** `Key=value` lines of a unit; of several with one key the last. */
export function unit(path: string): ReadonlyMap<string, string> {
  const lines = [...textOf(path).matchAll(/^(\w+)=(.*)$/gm)];
  return new Map(lines.map(([, key = '', value = '']) => [key, value]));
}
