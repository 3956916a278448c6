import { describe, expect, it } from 'vitest';
import { assembleImages, meanAndStd, type ImageOptions, type VolumeSource } from '#emars/training/batch.js';
import { generator } from '#emars/random/generator.js';

const size = 4;
const depths = new Map([
  ['a', 3],
  ['b', 9],
  ['c', 5],
]);
const volumes = new Map(
  [...depths].map(([id, depth]) => [
    id,
    { depth, data: Float32Array.from({ length: depth * 16 }, (_, i) => generator(1, id, i).uniform()) },
  ]),
);
const store: VolumeSource = {
  size,
  volume: (id) => volumes.get(id)!,
};
const plain: ImageOptions = { slices: 5, size, mean: 0, std: 1 };
const training: ImageOptions = {
  ...plain,
  streamOf: (id) => generator(2, 'augment', id),
  flips: { horizontal: true, vertical: true },
};
const sample = (images: Float32Array, position: number): number[] => [
  ...images.subarray(position * 80, (position + 1) * 80),
];

describe('the images of a batch', () => {
  it('has the shape asked for, and unchanged slices without a generator', () => {
    const { images, shape } = assembleImages(store, ['c', 'a'], plain);
    expect(shape).toEqual([2, 5, 4, 4]);
    expect(images).toHaveLength(2 * 5 * 16);
    expect(sample(images, 0)).toEqual([...volumes.get('c')!.data]);
  });

  it('is normalised with mean and standard deviation', () => {
    const raw = assembleImages(store, ['b'], plain).images;
    assembleImages(store, ['b'], { ...plain, mean: 0.25, std: 0.5 }).images.forEach((value, i) =>
      expect(value).toBeCloseTo((raw[i]! - 0.25) / 0.5, 6),
    );
  });

  it('gives a scan the same numbers wherever it stands and whatever stands beside it', () => {
    for (const options of [plain, training]) {
      const [first, second] = [
        assembleImages(store, ['a', 'b', 'c'], options),
        assembleImages(store, ['b', 'a'], options),
      ];
      expect(sample(second.images, 0)).toEqual(sample(first.images, 1));
      expect(sample(second.images, 1)).toEqual(sample(first.images, 0));
    }
  });

  it('is the same for equal keys and differs for others; slices and flips both vary', () => {
    const at = (seed: number) => [
      ...assembleImages(store, ['b'], {
        ...training,
        streamOf: (id, position) => generator(seed, 'x', id, position),
        depthStreamOf: (id, position) => generator(seed, 'd', id, position),
      }).images,
    ];
    expect(at(1)).toEqual(at(1));
    expect(new Set(Array.from({ length: 8 }, (_, seed) => at(seed).join())).size).toBeGreaterThan(6);
    const fixedDepth = new Set(
      Array.from({ length: 40 }, (_, seed) =>
        [
          ...assembleImages(store, ['c'], {
            ...training,
            streamOf: () => generator(seed, 'x'),
            depthStreamOf: () => generator(0, 'd'),
          }).images,
        ].join(),
      ),
    );
    expect(fixedDepth.size).toBe(4);
    const evenDepth = assembleImages(store, ['b'], {
      ...training,
      flips: { horizontal: false, vertical: false },
      streamOf: () => generator(1, 'x'),
    });
    expect([...evenDepth.images]).toEqual([...assembleImages(store, ['b'], training).images]);
  });

  it('does not touch the volumes of the store', () => {
    const before = [...volumes.get('b')!.data];
    assembleImages(store, ['b', 'b'], { ...training, mean: 3, std: 2 });
    expect([...volumes.get('b')!.data]).toEqual(before);
  });

  it('is refused for another size and for no spread', () => {
    expect(() => assembleImages(store, ['a'], { ...plain, size: 5 })).toThrow(/size of the store, 4, got 5/);
    expect(() => assembleImages(store, ['a'], { ...plain, std: 0 })).toThrow(/above 0/);
  });
});

describe('mean and standard deviation', () => {
  it('are those of all pixels of the chosen slices, in any order of the scans', () => {
    const { images } = assembleImages(store, ['a', 'b', 'c'], plain);
    const mean = images.reduce((sum, value) => sum + value, 0) / images.length;
    const std = Math.sqrt(images.reduce((sum, value) => sum + (value - mean) ** 2, 0) / images.length);
    const found = meanAndStd(store, ['a', 'b', 'c'], 5);
    expect(found.mean).toBeCloseTo(mean, 10);
    expect(found.std).toBeCloseTo(std, 10);
    expect(meanAndStd(store, ['c', 'a', 'b'], 5)).toEqual(found);
  });

  it('leave scans of one value as they are, and need a scan', () => {
    const flat: VolumeSource = {
      ...store,
      volume: () => ({ depth: 1, data: new Float32Array(16).fill(0.5) }),
    };
    expect(meanAndStd(flat, ['a'], 5)).toEqual({ mean: 0.5, std: 1 });
    expect(() => meanAndStd(store, [], 5)).toThrow(RangeError);
  });
});
