/** The objectives that come with EMARS, by name. A new one is a file here and a line below. */
import { accuracy } from './accuracy.js';
import { flops } from './flops.js';
import { latency } from './latency.js';
import { loss } from './loss.js';
import type { Objective } from './objective.js';
import { potential } from './potential.js';
import { size } from './size.js';

const all: readonly Objective[] = [accuracy, size, potential, flops, latency, loss];

export const builtinObjectives: ReadonlyMap<string, Objective> = new Map(
  all.map((objective) => [objective.name, objective]),
);
