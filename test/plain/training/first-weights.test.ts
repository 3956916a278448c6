/** First weights of a cohort come from files, each to the tensors of its member. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { baselineOnScans } from '#emars/network/baselines/member.js';
import { cohortOf, membersOf } from '#emars/space/cohort.js';
import { gatherTensors } from '#emars/space/layout.js';
import { readFirstWeights } from '#emars/training/first-weights.js';

let folder = '';
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'emars-first-weights-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const space = {
  stem: 4,
  widths: [4],
  strides: [2],
  blocks: [2],
  operations: ['mb_k3_e2', 'skip'],
  head: 8,
  classes: 2,
} as const;

it('are read to the place of each member, and refused where they are of another length', async () => {
  const net = cohortOf(space, [['skip', 'mb_k3_e2'], ['mc3-small'], ['mb_k3_e2', 'skip']], (name) =>
    baselineOnScans(name, 2),
  );
  const members = membersOf(net);
  const files = await Promise.all(
    members.map(async ({ vectorLength }, member) => {
      const values = Float32Array.from({ length: vectorLength }, (_, i) => member + i / vectorLength);
      const file = join(folder, `${member}.f32`);
      await writeFile(file, new Uint8Array(values.buffer));
      return file;
    }),
  );
  const weights = {
    parameters: new Float32Array(net.layout.parameterCount).fill(-1),
    statistics: new Float32Array(net.layout.statisticCount).fill(-1),
  };
  readFirstWeights(files, members, { layout: net.layout, weights });
  members.forEach((path, member) => {
    const { vectorLength, parameterCount } = path;
    const expected = Float32Array.from({ length: vectorLength }, (_, i) => member + i / vectorLength);
    expect(gatherTensors(net.layout.parameters, path.parameters, weights.parameters)).toEqual(
      expected.subarray(0, parameterCount),
    );
    expect(gatherTensors(net.layout.statistics, path.statistics, weights.statistics)).toEqual(
      expected.subarray(parameterCount),
    );
  });

  await writeFile(files[1]!, new Uint8Array(8));
  expect(() => readFirstWeights(files, members, { layout: net.layout, weights })).toThrow(
    /expected a snapshot with \d+ bytes of weights in .*1\.f32, got 8/,
  );
});
