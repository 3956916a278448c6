/** `emars export MODEL`: a model in a form that others read, and its card. */
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { Model } from '../model/read-model.js';
import { requireFolder } from '../library/request.js';
import { jsonOption } from './arguments.js';
import { UsageError } from './errors.js';
import { print, printJson } from './output.js';

const ENDINGS = { onnx: 'onnx', safetensors: 'safetensors' } as const;
type Format = keyof typeof ENDINGS;

interface Flags {
  readonly format: Format;
  readonly out?: string;
  readonly withPreprocessing?: boolean;
  readonly json?: boolean;
}

export function registerExport(program: Command): void {
  program
    .command('export')
    .description(
      'Writes a model as one file that other programs read, and a model card in Markdown beside it. ' +
        'Replaces what is there in one step.',
    )
    .argument('<model>', 'folder of a model, or its model.json')
    .addOption(
      new Option('--format <format>', 'form of the file').choices(Object.keys(ENDINGS)).makeOptionMandatory(),
    )
    .option('--out <file>', 'file to write (default: model.onnx or model.safetensors in the model’s folder)')
    .option('--with-preprocessing', 'ONNX: window, slices, resizing and normalisation inside the file')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  emars export models/nodules --format onnx
  emars export models/nodules --format onnx --with-preprocessing --out scan-to-class.onnx
  emars export models/nodules --format safetensors --json`,
    )
    .action(exportModel);
}

async function exportModel(path: string, { format, out, withPreprocessing, json }: Flags): Promise<void> {
  if (withPreprocessing === true && format !== 'onnx')
    throw new UsageError('--with-preprocessing: expected --format onnx; safetensors holds weights alone');
  const { readModel } = await import('../model/read-model.js');
  const model = await readModel(path);
  const home = basename(path) === 'model.json' ? dirname(path) : path;
  const file = resolve(out ?? join(home, `model.${ENDINGS[format]}`));
  requireFolder(dirname(file), 'an existing folder for --out');
  const card = `${file.slice(0, file.length - extname(file).length)}.card.md`;
  const bytes = await contentOf(model, format, withPreprocessing === true);
  const [{ modelCard }, { writeFileAtomic }] = await Promise.all([
    import('../export/model-card.js'),
    import('../runtime/storage/atomic-file.js'),
  ]);
  await writeFileAtomic(file, bytes);
  await writeFileAtomic(card, modelCard(model.document));
  if (json === true) await printJson({ file, card, bytes: bytes.length, format });
  else await print(`${file}\n${card}`);
}

async function contentOf(model: Model, format: Format, withPreprocessing: boolean): Promise<Uint8Array> {
  if (format === 'safetensors') return (await import('../export/safetensors.js')).safetensors(model);
  const { onnxModel } = await import('../export/onnx/onnx-model.js');
  return onnxModel(model, { withPreprocessing });
}
