/**
 * The doors of EMARS under inputs that nobody meant: seeds, what is kept of longer runs of `npm run fuzz`, and some
 * thousand mutations, the same ones each time. A find of the fuzzer becomes a file in test/fuzz/regressions.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generator } from '#emars/random/generator.js';
import { kept } from '../../fuzz/inputs.js';
import { mutated } from '../../fuzz/mutate.js';
import { TARGETS } from '../../fuzz/targets.js';

const MUTATIONS = 400;

/** Runs an input; says which it was where it is a find. */
async function run(target: (typeof TARGETS)[number], bytes: Uint8Array, what: string): Promise<boolean> {
  try {
    return await target.run(bytes);
  } catch (error) {
    const shown = Buffer.from(bytes.subarray(0, 200)).toString('hex');
    throw new Error(`${target.name}, ${what}, ${bytes.length} bytes ${shown}`, { cause: error });
  }
}

describe.each(TARGETS)('the door $name', (target) => {
  it('takes its seeds', async () => {
    const seeds = await target.seeds();
    expect(seeds.length).toBeGreaterThan(0);
    for (const [index, seed] of seeds.entries())
      expect(await run(target, seed, `seed ${index}`), `seed ${index}`).toBe(true);
  });

  it('takes or refuses, and nothing else, what once was a find and what a longer run kept', async () => {
    for (const kind of ['regressions', 'corpus'] as const)
      for (const { name, bytes } of kept(target.name, kind)) await run(target, bytes, `${kind}/${name}`);
  });

  it('takes some mutations of its seeds and refuses others', async () => {
    // Not of the corpus: whoever adds to it must not change what is tried here.
    const seeds = await target.seeds();
    let accepted = 0;
    for (let i = 0; i < MUTATIONS; i++) {
      const random = generator(1, 'fuzz', target.name, i);
      const bytes = mutated(random.pick(seeds), random.pick(seeds), random);
      if (await run(target, bytes, `mutation ${i}`)) accepted++;
    }
    expect(accepted).toBeLessThan(MUTATIONS);
    expect(accepted).toBeGreaterThan(0);
  });
});

it('has a target for every folder of kept inputs', () => {
  const names = TARGETS.map(({ name }) => name);
  const folders = ['regressions', 'corpus'].flatMap((kind) => {
    const folder = join('test/fuzz', kind);
    return existsSync(folder) ? readdirSync(folder) : [];
  });
  expect(folders).toContain('png');
  expect(names).toEqual(expect.arrayContaining(folders));
});
