/** Heat maps of a scan as files: an overlay a slice, a montage, and the score of each slice. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { classActivationMap, evidence, sliceScores } from '../explain/class-activation.js';
import { overlaySlice } from '../explain/overlay.js';
import { scanGrid } from '../explain/scan-grid.js';
import { upsample } from '../explain/upsample.js';
import type { Model } from '../model/read-model.js';
import type { FoundScan } from '../scan/catalogue/find-scans.js';
import { readScan } from '../scan/readers/read-scan.js';
import { lungWindow } from '../scan/store/window.js';
import { networkFeatures } from '../training/network-gradient.js';
import { predictScan, preparedScan, type Prediction } from './predict-scans.js';

/** Slices of a montage, at most: evenly chosen. */
const MOST_TILES = 16;
const TILE = 160;

/** Writes into `folder`, which is made. The class is the predicted one unless `column` names another. */
export async function explainScan(
  model: Model,
  scan: FoundScan,
  folder: string,
  column: number | null,
): Promise<Prediction & { readonly explained: string; readonly slices: number }> {
  const { document, network, weights } = model;
  const { input, classes, preprocessing } = document;
  const prediction = await predictScan(model, scan);
  const explained = column ?? classes.indexOf(prediction.class);
  const { image } = await preparedScan(model, scan);
  const features = networkFeatures(network, weights, image, [input.slices, input.size, input.size]);
  const { offset, size } = network.layout.parameters[network.layout.classifier.weight]!;
  const map = classActivationMap(features, weights.parameters.subarray(offset, offset + size), explained);
  const window = { ...lungWindow, ...preprocessing.window };
  const { data, shape } = await readScan(scan.root, scan, { window });
  const logits = upsample(map, scanGrid(network.grid, input, shape), shape);
  const heat = evidence(logits).values;
  const [depth, height, width] = shape;
  const area = height * width;
  await mkdir(folder, { recursive: true });
  const every = Math.max(1, depth / MOST_TILES);
  const tiled = new Set(Array.from({ length: Math.min(depth, MOST_TILES) }, (_, i) => Math.floor(i * every)));
  const tiles: Buffer[] = [];
  for (let z = 0; z < depth; z++) {
    const at = z * area;
    const pixels = overlaySlice(data.subarray(at, at + area), heat.subarray(at, at + area));
    const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
    await picture
      .clone()
      .png()
      .toFile(join(folder, `slice-${String(z).padStart(4, '0')}.png`));
    if (tiled.has(z)) tiles.push(await picture.resize(TILE, TILE, { fit: 'contain' }).png().toBuffer());
  }
  const across = Math.ceil(Math.sqrt(tiles.length));
  await sharp({
    create: {
      width: across * TILE,
      height: Math.ceil(tiles.length / across) * TILE,
      channels: 3,
      background: 'black',
    },
  })
    .composite(
      tiles.map((tile, i) => ({
        input: tile,
        left: (i % across) * TILE,
        top: Math.floor(i / across) * TILE,
      })),
    )
    .png()
    .toFile(join(folder, 'montage.png'));
  const scores = [...sliceScores(logits)].map((score, slice) => `${slice},${score}`);
  await writeFile(join(folder, 'slices.csv'), ['slice,score', ...scores, ''].join('\n'));
  return { ...prediction, explained: classes[explained]!, slices: depth };
}
