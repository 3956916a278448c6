/**
 * `emars inspect --baseline`: what a network designed by hand costs. Published sizes count three input
 * channels (and here three classes); scans have one. Both are shown.
 */
import type { Architecture } from '../network/architecture.js';
import type { BaselineName } from '../space/baseline-names.js';
import { baselineDesign, baselineLayout } from '../network/baselines/catalogue.js';
import type { BaselineCost } from '../network/baselines/cost.js';
import { baselineCost } from '../network/baselines/cost.js';
import type { InputSize } from '../space/cost.js';
import { grouped, megabytes, printBlocks } from './cost-table.js';
import { print, printJson } from './output.js';

/** What the paper's sizes are counted with: they come out with these to 0.01 MB. */
const PUBLISHED = { channels: 3, classes: 3 };

export async function inspectBaseline(
  baseline: BaselineName,
  classes: number,
  input: InputSize,
  json: boolean,
): Promise<void> {
  const costOf = (shape: { readonly channels: number; readonly classes: number }): BaselineCost =>
    baselineCost(baselineLayout(baselineDesign(baseline), shape), input, shape.channels);
  const { parameters, sizeMB, flops, blocks } = costOf({ channels: 1, classes });
  const published = costOf(PUBLISHED);
  if (json) {
    const architecture: Architecture = { kind: 'baseline', baseline, classes };
    await printJson({
      architecture,
      baseline,
      channels: 1,
      classes,
      parameters,
      sizeMB,
      flops,
      blocks,
      published: { ...PUBLISHED, parameters: published.parameters, sizeMB: published.sizeMB },
    });
    return;
  }
  await printBlocks(blocks);
  await print(
    `${baseline}  ${grouped(parameters)} parameters, ${megabytes(sizeMB)}, ${grouped(flops)} FLOPs a scan`,
  );
  await print(
    `counted as the paper does, with 3 input channels and 3 classes: ` +
      `${grouped(published.parameters)} parameters, ${megabytes(published.sizeMB)}`,
  );
}
