/**
 * Exported files read by Python, without any code of ours. `EMARS_PYTHON` names a Python that has the
 * packages; what it has not is skipped, and said.
 */
import './support/one-thread.js';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { onnxModel } from '#emars/export/onnx/onnx-model.js';
import { writeModel } from '#emars/model/write-model.js';
import { safetensors } from '#emars/export/safetensors.js';
import type { Architecture } from '#emars/network/architecture.js';
import { writePhantoms } from '#emars/scan/phantom/phantom.js';
import { networkPredictions } from '#emars/training/network-gradient.js';
import { emars } from '../plain/app/run-emars.js';
import { description, pathArchitecture, untrainedModel } from './support/models.js';
import { randomFloats, relativeError, size } from './support/numbers.js';

const PYTHON = process.env.EMARS_PYTHON ?? 'python3';
const has = (packages: string): boolean =>
  spawnSync(PYTHON, ['-c', `import ${packages}`], { encoding: 'utf8' }).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'emars-python-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TOLERANCE = 1e-4;
const shape = [3, 7, 19, 19] as const;
const images = randomFloats(size(shape), 'images');
const imagesFile = join(folder, 'images.f32');
writeFileSync(imagesFile, new Uint8Array(images.buffer));
const architectures: readonly (readonly [string, Architecture])[] = [
  ['a path', pathArchitecture],
  ['DenseNet3D', { kind: 'baseline', baseline: 'densenet3d-small', classes: 2 }],
  ['ResNet3D', { kind: 'baseline', baseline: 'resnet3d-small', classes: 2 }],
];

/** Numbers that a script prints. */
function python(script: string, ...args: string[]): number[] {
  return execFileSync(PYTHON, ['-c', script, imagesFile, ...args], {
    encoding: 'utf8',
    cwd: join(import.meta.dirname, '../..'),
  })
    .trim()
    .split(/\s+/)
    .map(Number);
}

/** Says why a check is left out; Vitest shows the name of a skipped test. */
function needing(packages: string): { readonly run: typeof it | typeof it.skip; readonly note: string } {
  const there = has(packages);
  return { run: there ? it : it.skip, note: there ? '' : ` (skipped: ${PYTHON} has no ${packages})` };
}

describe('in Python', () => {
  const onnx = needing('numpy, onnx, onnxruntime');
  const torch = needing('numpy, safetensors, torch');
  const tensors = needing('numpy, safetensors');

  for (const [name, architecture] of architectures) {
    const model = untrainedModel(architecture, { slices: 7, size: 19 });
    const ours = networkPredictions(model.network, model.weights, { images, shape });
    const file = join(folder, name.replace(' ', '-'));

    onnx.run(`an ONNX file is valid and gives our logits: ${name}${onnx.note}`, () => {
      for (const withPreprocessing of [false, true]) {
        writeFileSync(`${file}.onnx`, onnxModel(model, { withPreprocessing }));
        const check = `
import sys, onnx
model = onnx.load(sys.argv[2])
onnx.checker.check_model(model, full_check=True)
print(model.opset_import[0].version, model.ir_version)`;
        expect(python(check, `${file}.onnx`)).toEqual([17, 8]);
      }
      writeFileSync(`${file}.onnx`, onnxModel(model, { withPreprocessing: false }));
      const script = `
import sys, numpy, onnxruntime
images = numpy.fromfile(sys.argv[1], numpy.float32).reshape(3, 1, 7, 19, 19)
session = onnxruntime.InferenceSession(sys.argv[2], providers=["CPUExecutionProvider"])
print(*session.run(["logits"], {"images": images})[0].ravel())`;
      expect(relativeError(python(script, `${file}.onnx`), ours, 1)).toBeLessThan(TOLERANCE);
    });

    tensors.run(`a safetensors file holds our weights: ${name}${tensors.note}`, () => {
      writeFileSync(`${file}.safetensors`, safetensors(model));
      const script = `
import sys
from safetensors.numpy import load_file
tensors = load_file(sys.argv[2])
print(len(tensors), sum(t.size for t in tensors.values()), *tensors["classifier.weight"].T.ravel())`;
      const [count, floats, ...classifier] = python(script, `${file}.safetensors`);
      const { layout } = model.network;
      expect([count, floats]).toEqual([
        layout.parameters.length + layout.statistics.length,
        layout.parameterCount + layout.statisticCount,
      ]);
      const entry = layout.parameters[layout.classifier.weight]!;
      const own = model.weights.parameters.subarray(entry.offset, entry.offset + entry.size);
      expect(relativeError(classifier, own)).toBeLessThan(1e-6);
    });

    torch.run(`docs/examples/reference_model.py gives our logits: ${name}${torch.note}`, () => {
      writeFileSync(`${file}.safetensors`, safetensors(model));
      const script = `
import sys, numpy, torch
sys.path.insert(0, "docs/examples")
sys.dont_write_bytecode = True
from reference_model import ReferenceModel
images = numpy.fromfile(sys.argv[1], numpy.float32).reshape(3, 7, 19, 19)
with torch.no_grad():
    print(*ReferenceModel(sys.argv[2])(torch.from_numpy(images)).ravel().tolist())`;
      expect(relativeError(python(script, `${file}.safetensors`), ours, 1)).toBeLessThan(TOLERANCE);
    });
  }
});

describe('in Python, as docs/guides/onnx.md shows it', () => {
  const { run, note } = needing('nibabel, numpy, onnxruntime');
  run(
    `an ONNX file with preprocessing calls every scan what emars predict calls it${note}`,
    async () => {
      const scans = join(folder, 'phantoms');
      await writePhantoms(scans, { patients: 12, scansPerPatient: 1, shape: [12, 40, 44], format: 'nii.gz' });
      const input = { slices: 8, size: 24 };
      const model = untrainedModel(pathArchitecture, input, 4);
      await writeModel(join(folder, 'model'), description(pathArchitecture, input), model.weights);
      const file = join(folder, 'scan-to-class.onnx');
      writeFileSync(file, onnxModel(model, { withPreprocessing: true }));
      const { stdout } = await emars(['predict', join(folder, 'model'), scans, '--json']);
      const said = JSON.parse(stdout) as {
        scans: { scan: string; class: string; probabilities: Record<string, number> }[];
      };
      expect(said.scans).toHaveLength(12);
      const script = `
import json, sys, nibabel, numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[2], providers=["CPUExecutionProvider"])
classes = json.loads(session.get_modelmeta().custom_metadata_map["classes"])
rows = []
for path in sys.argv[3:]:
    image = nibabel.as_closest_canonical(nibabel.load(path))
    scan = numpy.flip(image.get_fdata(dtype=numpy.float32), (0, 1)).transpose(2, 1, 0)
    (probabilities,) = session.run(["probabilities"], {"scan": scan[None]})
    rows.append([classes[probabilities[0].argmax()], probabilities[0].tolist()])
print(json.dumps(rows))`;
      const paths = said.scans.map(({ scan }) => scan);
      const printed = execFileSync(PYTHON, ['-c', script, '', file, ...paths], { encoding: 'utf8' });
      const theirs = JSON.parse(printed) as [string, number[]][];
      said.scans.forEach(({ class: called, probabilities }, i) => {
        expect(theirs[i]![0]).toBe(called);
        Object.values(probabilities).forEach((value, c) => expect(theirs[i]![1][c]).toBeCloseTo(value, 4));
      });
      // Scans that all look alike to the model would show nothing.
      expect(new Set(theirs.map(([, [first]]) => first!.toFixed(4))).size).toBeGreaterThan(6);
    },
    120_000,
  );
});
