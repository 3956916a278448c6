/**
 * Objectives that the configuration of a run names by a module of the user: each is measured in a sandbox, beside
 * the process that asks. What needs weights has the scans and the snapshot opened within the sandbox.
 */
import type { Options } from '../../config/options.js';
import { builtinObjectives } from '../../objectives/builtin.js';
import type { Measured } from '../../objectives/objective.js';
import { tensorEnvironment } from '../../tensor/environment.js';
import { trainerMemory } from '../setup/trainer-memory.js';
import type { ObjectiveDescription } from './sandbox-messages.js';
import type { SandboxLimits, SandboxPlace } from './sandbox.js';
import { ObjectiveUnfit, Sandbox } from './sandbox.js';

/** MB that a module may take; beside what an evaluation takes where it needs weights. */
const MEMORY_MB = 2048;

export class OwnObjectives {
  private readonly sandboxes: ReadonlyMap<string, Sandbox>;

  /** `root`, `addon`: folder of the run and native kernels for what needs weights; null: nothing does here. */
  constructor(options: Options, run: { readonly root: string; readonly addon: string | null } | null) {
    this.sandboxes = new Map(
      options.objectives.flatMap(({ name, module, deadline }) => {
        if (module === null) return [];
        const limits = { deadlineSeconds: deadline, memoryMB: MEMORY_MB };
        return [
          [name, run === null ? new Sandbox(module, limits) : sandboxOnRun(module, limits, options, run)],
        ] as const;
      }),
    );
  }

  has(name: string): boolean {
    return this.sandboxes.has(name);
  }

  /** Errors: MeasurementFailed with the reason; ObjectiveUnfit. */
  measure(name: string, subject: object): Promise<Measured> {
    return this.sandboxes.get(name)!.measure(subject);
  }

  close(): void {
    for (const sandbox of this.sandboxes.values()) sandbox.close();
  }
}

/**
 * A sandbox for a module that needs weights: it opens the scans and snapshots of the run in the folder `root`.
 * `limits.memoryMB`: beside what an evaluation takes.
 */
export function sandboxOnRun(
  module: string,
  { deadlineSeconds, memoryMB }: SandboxLimits,
  options: Options,
  run: { readonly root: string; readonly addon: string | null },
): Sandbox {
  const limits = { deadlineSeconds, memoryMB: memoryMB + evaluationMB(options, run.addon) };
  return new Sandbox(module, limits, placeOf(options, run));
}

/**
 * What a run measures, in the order of its configuration. Accuracy is always measured: potential and reports need
 * it. Errors: ObjectiveUnfit for a module that does not load, or is another objective than its name says.
 */
export async function describeObjectives(options: Options): Promise<ObjectiveDescription[]> {
  const named = options.objectives.map(({ name, module, deadline }) => ({ name, module, deadline }));
  if (!named.some(({ name }) => name === 'accuracy'))
    named.unshift({ name: 'accuracy', module: null, deadline: 0 });
  return Promise.all(
    named.map(async ({ name, module, deadline }) => {
      if (module === null) return builtin(name);
      const sandbox = new Sandbox(module, { deadlineSeconds: deadline, memoryMB: MEMORY_MB });
      try {
        const found = await sandbox.describe();
        if (found.name !== name)
          throw new ObjectiveUnfit(
            `expected ${module} to export the objective "${name}", got "${found.name}"`,
          );
        return found;
      } finally {
        sandbox.close();
      }
    }),
  );
}

function builtin(name: string): ObjectiveDescription {
  const objective = builtinObjectives.get(name);
  if (objective === undefined)
    throw new ObjectiveUnfit(
      `expected one of the objectives ${[...builtinObjectives.keys()].join(', ')}, got "${name}"; ` +
        'give its module for one of your own',
    );
  const { unit, direction, needs } = objective;
  return { name, unit, direction, needs };
}

function placeOf(
  { engine }: Options,
  { root, addon }: { readonly root: string; readonly addon: string | null },
): SandboxPlace {
  const cudaDevices = process.env['CUDA_VISIBLE_DEVICES'] ?? '';
  const { EMARS_CACHE: cache, XDG_CACHE_HOME: home } = process.env;
  return {
    args: addon === null ? [root] : [root, addon],
    env: {
      ...tensorEnvironment({ threads: engine.threads, cudaDevices }),
      ...(cache === undefined ? {} : { EMARS_CACHE: cache }),
      ...(home === undefined ? {} : { XDG_CACHE_HOME: home }),
    },
  };
}

function evaluationMB(options: Options, addon: string | null): number {
  return Math.ceil(trainerMemory(options, addon === null ? 'tensorflow' : 'native') / 2 ** 20);
}
