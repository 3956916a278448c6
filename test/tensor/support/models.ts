/** Models in memory, untrained, whose batch norms have statistics that are not trivial. */
import type { Model } from '#emars/model/read-model.js';
import { layoutDigest } from '#emars/model/layout-digest.js';
import { modelSchema } from '#emars/model/schema.js';
import type { ModelDescription } from '#emars/model/schema.js';
import type { Architecture } from '#emars/network/architecture.js';
import { networkOf } from '#emars/network/architecture.js';
import { initialiseParameters } from '#emars/network/initialise.js';
import { randomFloats } from './numbers.js';

export const pathArchitecture: Architecture = {
  kind: 'path',
  space: {
    stem: 4,
    widths: [6, 8],
    strides: [2, 1],
    blocks: [2, 1],
    operations: ['mb_k3_e2', 'mb_k5_e2', 'mb_k7_e1', 'skip'],
    head: 12,
    classes: 3,
  },
  genome: ['mb_k7_e1', 'skip', 'mb_k5_e2'],
};

interface Input {
  readonly slices: number;
  readonly size: number;
  /** 1 where absent. */
  readonly crop?: number;
}

export function description(architecture: Architecture, input: Input): ModelDescription {
  const { outputs } = networkOf(architecture).layout.classifier;
  return {
    architecture,
    input: { crop: 1, ...input },
    classes: ['CP', 'NCP', 'Normal', 'other'].slice(0, outputs),
    positive: 'NCP',
    preprocessing: { window: { low: -1350, high: 150 }, mean: 0.3, std: 0.25 },
    training: { seed: 1, epochs: 2, chosenEpoch: null, options: {} },
    data: { splitSha256: null, training: 4, validation: 2, test: 0 },
    temperature: 1.7,
    metrics: { validation: null, test: null },
  };
}

/** Equal seeds give equal models. */
export function untrainedModel(architecture: Architecture, input: Input, seed = 1): Model {
  const network = networkOf(architecture);
  const { layout } = network;
  const parameters = initialiseParameters(layout, seed);
  const statistics = randomFloats(layout.statisticCount, `statistics ${seed}`, 0.2);
  for (const { name, offset, size } of layout.statistics)
    if (name.endsWith('variance'))
      for (let i = offset; i < offset + size; i++) statistics[i] = 0.5 + Math.abs(statistics[i]!);
  const document = modelSchema.parse({
    format: 1,
    ...description(architecture, input),
    weights: {
      file: `weights-${'0'.repeat(16)}.f32`,
      sha256: '0'.repeat(64),
      parameters: layout.parameterCount,
      statistics: layout.statisticCount,
      layout: layoutDigest(layout),
    },
  });
  return { document, network, weights: { parameters, statistics } };
}
