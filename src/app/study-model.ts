/** The phases of a study that use the model: heat maps, exports, predictions. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { modelCard } from '../export/model-card.js';
import { onnxModel } from '../export/onnx/onnx-model.js';
import { safetensors } from '../export/safetensors.js';
import { nativeParts } from '../library/native-parts.js';
import type { Model } from '../model/read-model.js';
import { readModel } from '../model/read-model.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import type { CatalogueScan } from '../scan/catalogue/catalogue.js';
import { readCatalogue } from '../scan/catalogue/catalogue.js';
import type { FoundScan } from '../scan/catalogue/find-scans.js';
import { tensorEnvironment } from '../tensor/environment.js';
import { csvLines } from './predict.js';
import type { StudyContext } from './study-context.js';
import { cleared, MODEL, NEW_SCANS } from './study-context.js';
import { tellCommand } from './tensor-process.js';

const HEAT = 'explain';

/** What TensorFlow needs, before it is loaded. */
async function readyForTensors({ signal }: StudyContext): Promise<void> {
  await nativeParts((text, passing) => {
    if (!passing) process.stderr.write(`${text}\n`);
  }, signal);
  Object.assign(process.env, tensorEnvironment({ threads: 1, cudaDevices: '' }));
}

async function newScans(root: string): Promise<readonly (CatalogueScan & FoundScan)[]> {
  const folder = join(root, NEW_SCANS);
  const { scans } = await readCatalogue(folder);
  return scans.map((scan) => ({ ...scan, root: folder }));
}

const modelOf = ({ root }: StudyContext): Promise<Model> => readModel(join(root, MODEL));

/** Heat maps of the positive class on the new scans that have it, a folder a scan. */
export async function explainNewScans(context: StudyContext): Promise<string[]> {
  const { root, signal } = context;
  await readyForTensors(context);
  const { explainScan } = await import('./explain-scans.js');
  const model = await modelOf(context);
  const { positive } = model.document;
  const shown = (await newScans(root)).filter((scan) => positive === null || scan.class === positive);
  const heat = await cleared(join(root, HEAT));
  await mkdir(heat);
  const tell = tellCommand('explaining');
  const files: string[] = [];
  const rows: string[] = [];
  for (const [index, scan] of shown.entries()) {
    signal.throwIfAborted();
    const name = `scan-${String(index).padStart(4, '0')}`;
    const request = { out: heat, asked: positive, masks: join(root, NEW_SCANS, 'masks') };
    const explained = await explainScan(model, { ...scan, name: scan.path, index }, request);
    const { class: predicted, slices, pointing } = explained;
    for (const file of ['montage.png', 'slices.csv', 'slices.svg', 'heat.nii.gz'])
      files.push(`${HEAT}/${name}/${file}`);
    const pointed = [pointing === null ? '' : pointing.hit, pointing?.massInside ?? ''];
    rows.push([name, scan.path, scan.class, predicted, slices, ...pointed].join(','));
    tell(index + 1, shown.length);
  }
  await writeFileAtomic(
    join(root, `${HEAT}.csv`),
    ['folder,scan,class,predicted,slices,hit,mass_inside', ...rows, ''].join('\n'),
  );
  return [`${HEAT}.csv`, ...files];
}

/** ONNX, with and without preprocessing, safetensors, and the model's card. */
export async function exportStudyModel(context: StudyContext): Promise<string[]> {
  const model = await modelOf(context);
  const files = {
    'model.card.md': modelCard(model.document),
    'model.onnx': onnxModel(model, { withPreprocessing: false }),
    'scan-to-class.onnx': onnxModel(model, { withPreprocessing: true }),
    'model.safetensors': safetensors(model),
  };
  for (const [name, content] of Object.entries(files))
    await writeFileAtomic(join(context.root, name), content);
  return Object.keys(files);
}

/** What the model says of each new scan, and how right it is. */
export async function predictNewScans(context: StudyContext): Promise<string[]> {
  const { root, signal } = context;
  await readyForTensors(context);
  const [{ predictScan }, { evaluateModel }] = await Promise.all([
    import('./predict-scans.js'),
    import('./evaluate-model.js'),
  ]);
  const model = await modelOf(context);
  const scans = await newScans(root);
  const tell = tellCommand('predicting');
  const rows = [];
  for (const [index, scan] of scans.entries()) {
    signal.throwIfAborted();
    rows.push({ scan: scan.path, ...(await predictScan(model, scan)) });
    tell(index + 1, scans.length);
  }
  const lines = csvLines(model.document.classes, rows);
  await writeFileAtomic(join(root, 'predictions.csv'), `${lines.join('\n')}\n`);
  const figures = await evaluateModel(join(root, MODEL), join(root, NEW_SCANS), tellCommand);
  await writeFileAtomic(join(root, 'evaluation.json'), `${JSON.stringify(figures, null, 2)}\n`);
  return ['predictions.csv', 'evaluation.json'];
}
