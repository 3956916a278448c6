/** The heat map of a scan as files. A folder is there whole or not at all. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import sharp from 'sharp';
import { evidence, sliceScores, type Volume } from '../explain/class-activation.js';
import { overlaySlice } from '../explain/overlay.js';
import { scorePlot } from '../explain/score-plot.js';
import { niftiOfShares } from '../scan/nifti-volume.js';
import type { Volume as Scan } from '../scan/readers/read-scan.js';
import { unplaced } from '../scan/readers/nifti-space.js';

/** Slices of a montage, at most: evenly chosen. */
const MOST_TILES = 16;
const TILE = 160;

/** Makes `folder` by `write`, which is given another one that takes the name when all is written. */
export async function wholeFolder(folder: string, write: (draft: string) => Promise<void>): Promise<void> {
  const draft = join(dirname(folder), `.${basename(folder)}.part`);
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  try {
    await write(draft);
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Overlay PNGs, montage.png, slices.csv, slices.svg and heat.nii.gz. `scan`: windowed to [0, 1]; `map`: of its
 * shape, in units of logits; `about`: of which class.
 */
export async function writeHeat(folder: string, scan: Scan, map: Volume, about: string): Promise<void> {
  const { data, shape, placement } = scan;
  const heat = evidence(map).values;
  await writePictures(folder, { grey: data, heat, shape });
  const scores = sliceScores(map);
  const lines = Array.from(scores, (score, slice) => `${slice},${score}`);
  await writeFile(join(folder, 'slices.csv'), ['slice,score', ...lines, ''].join('\n'));
  await writeFile(join(folder, 'slices.svg'), scorePlot(scores, `What speaks for ${about}, slice by slice`));
  const volume = await niftiOfShares(
    heat,
    shape,
    placement ?? unplaced,
    `EMARS: evidence for ${about}, 0 to 1`,
  );
  await writeFile(join(folder, 'heat.nii.gz'), volume);
}

async function writePictures(
  folder: string,
  {
    grey,
    heat,
    shape,
  }: { readonly grey: Float32Array; readonly heat: Float32Array; readonly shape: Volume['shape'] },
): Promise<void> {
  const [depth, height, width] = shape;
  const area = height * width;
  const every = Math.max(1, depth / MOST_TILES);
  const tiled = new Set(Array.from({ length: Math.min(depth, MOST_TILES) }, (_, i) => Math.floor(i * every)));
  const tiles: Buffer[] = [];
  for (let z = 0; z < depth; z++) {
    const at = z * area;
    const pixels = overlaySlice(grey.subarray(at, at + area), heat.subarray(at, at + area));
    const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
    const file = join(folder, `slice-${String(z).padStart(4, '0')}.png`);
    await picture.clone().png().toFile(file);
    if (tiled.has(z)) tiles.push(await picture.resize(TILE, TILE, { fit: 'contain' }).png().toBuffer());
  }
  await writeMontage(join(folder, 'montage.png'), tiles);
}

async function writeMontage(file: string, tiles: readonly Buffer[]): Promise<void> {
  const across = Math.ceil(Math.sqrt(tiles.length));
  const down = Math.ceil(tiles.length / across);
  await sharp({
    create: { width: across * TILE, height: down * TILE, channels: 3, background: 'black' },
  })
    .composite(
      tiles.map((input, i) => ({ input, left: (i % across) * TILE, top: Math.floor(i / across) * TILE })),
    )
    .png()
    .toFile(file);
}
