/** `emars explain` on a file. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeModel } from '#emars/model/write-model.js';
import { encodeNifti } from '#emars/scan/phantom/phantom-files.js';
import { emars, ROOT } from '../plain/app/run-emars.js';
import { until } from '../support/until.js';
import { description, pathArchitecture, untrainedModel } from './support/models.js';
import { randomFloats } from './support/numbers.js';

const input = { slices: 4, size: 16 };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-explain-'));
  const { weights } = untrainedModel(pathArchitecture, input);
  await writeModel(join(folder, 'model'), description(pathArchitecture, input), weights);
  const scan = Int16Array.from(randomFloats(6 * 24 * 20, 'scan'), (value) => 500 * value - 900);
  await writeFile(join(folder, 'scan.nii'), encodeNifti(scan, [6, 24, 20], [1, 1, 1]));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('writes an overlay of each slice in its own size, a montage and a score a slice', async () => {
  const [model, scan, out] = ['model', 'scan.nii', 'heat'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const { code, stderr } = await emars(['explain', model, scan, '--out', out, '--class', 'NCP', '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const slices = Array.from({ length: 6 }, (_, z) => `slice-000${z}.png`);
  const made = join(out, 'scan-0000');
  expect((await readdir(made)).sort()).toEqual(
    ['heat.nii.gz', 'montage.png', 'scan.json', ...slices, 'slices.csv', 'slices.svg'].sort(),
  );
  expect(await sharp(join(made, slices[5]!)).metadata()).toMatchObject({
    width: 20,
    height: 24,
    channels: 3,
  });
  const lines = (await readFile(join(made, 'slices.csv'), 'utf8')).trim().split('\n');
  expect(new Set(lines).size).toBe(7);
  const again = await emars(['explain', model, scan, '--out', out]);
  expect(again.code).toBe(2);
  const onward = await emars(['explain', model, scan, '--out', out, '--resume', '--class', 'NCP']);
  expect(onward).toMatchObject({ code: 0, stdout: `${made}  NCP  ${scan}\n` });
  const other = await emars(['explain', model, scan, '--out', join(folder, 'x'), '--class', 'none']);
  expect(other.code).toBe(2);
  expect(await readdir(folder)).not.toContain('x');
});

it('writes a heat volume on the grid of the scan, and says how it agrees with a mask', async () => {
  const [model, out] = [join(folder, 'model'), join(folder, 'masked')];
  const masks = join(folder, 'masks');
  await mkdir(masks);
  // All of the scan is a lesion: any map points at it.
  const lesion = new Uint8Array(6 * 24 * 20).fill(1);
  await writeFile(join(masks, 'scan.nii'), encodeNifti(lesion, [6, 24, 20], [1, 1, 1]));
  const scan = join(folder, 'scan.nii');
  const { code, stdout } = await emars(['explain', model, scan, '--out', out, '--masks', masks, '--json']);
  expect(code).toBe(0);
  const said = JSON.parse(stdout) as { pointing: unknown };
  expect(said.pointing).toMatchObject({ scans: 1, hits: 1, hitRate: 1, massInside: 1, lesionShare: 1 });
  const heat = gunzipSync(await readFile(join(out, 'scan-0000/heat.nii.gz')));
  const header = await readFile(scan);
  for (const [from, to] of [
    [40, 56],
    [252, 328],
  ] as const)
    expect(heat.subarray(from, to)).toEqual(header.subarray(from, to));
});

it('leaves out a scan that cannot be read, and a mask of another size, with exit code 3', async () => {
  const [model, out, masks] = ['model', 'bad', 'small'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(masks);
  await writeFile(join(masks, 'scan.nii'), encodeNifti(new Uint8Array(8), [2, 2, 2], [1, 1, 1]));
  await writeFile(join(folder, 'broken.nii'), 'no volume');
  const scans = ['broken.nii', 'scan.nii'].map((name) => join(folder, name));
  const { code, stderr } = await emars(['explain', model, ...scans, '--out', out, '--masks', masks]);
  expect(code).toBe(3);
  expect(stderr.trim().split('\n')).toEqual([
    expect.stringContaining('broken.nii'),
    expect.stringContaining('expected those of its scan, 6 x 24 x 20'),
  ]);
  expect(existsSync(out) ? await readdir(out) : []).toEqual([]);
});

it('shows no folder half-written when it is killed, and goes on with --resume', async () => {
  const model = join(folder, 'model');
  const [scans, out] = [join(folder, 'many'), join(folder, 'killed')];
  await mkdir(scans);
  for (let i = 0; i < 8; i++) {
    const values = Int16Array.from(randomFloats(60 * 96 * 96, `scan ${i}`), (value) => 500 * value - 900);
    await writeFile(join(scans, `${i}.nii`), encodeNifti(values, [60, 96, 96], [1, 1, 1]));
  }
  const child = spawn(
    process.execPath,
    [join(ROOT, 'dist/app/main.js'), 'explain', model, scans, '--out', out],
    {
      stdio: 'ignore',
      detached: true,
    },
  );
  const ended = new Promise((resolve) => child.once('close', resolve));
  // In the middle of a folder: its draft is there.
  await until(
    () => existsSync(out) && readdirSync(out).some((name) => /^\.scan-000[1-7]\.part$/.test(name)),
    240_000,
  );
  process.kill(-child.pid!, 'SIGKILL');
  await ended;
  const whole = readdirSync(out).filter((name) => name.startsWith('scan-'));
  expect(whole.length).toBeGreaterThan(0);
  expect(whole.length).toBeLessThan(8);
  for (const name of whole) expect(readdirSync(join(out, name))).toHaveLength(60 + 5);
  const kept = statSync(join(out, whole[0]!, 'heat.nii.gz')).mtimeMs;
  const { code } = await emars(['explain', model, scans, '--out', out, '--resume']);
  expect(code).toBe(0);
  expect(readdirSync(out)).toHaveLength(8);
  expect(statSync(join(out, whole[0]!, 'heat.nii.gz')).mtimeMs).toBe(kept);
}, 400_000);

const PYTHON = process.env.EMARS_PYTHON ?? 'python3';
const nibabel = spawnSync(PYTHON, ['-c', 'import nibabel'], { encoding: 'utf8' }).status === 0;
(nibabel ? it : it.skip)(
  `nibabel finds the heat volume on the scan${nibabel ? '' : ` (skipped: ${PYTHON} has no nibabel)`}`,
  async () => {
    const out = join(folder, 'viewed');
    const scan = join(folder, 'turned.nii');
    const bytes = encodeNifti(new Int16Array(6 * 24 * 20).fill(-700), [6, 24, 20], [1, 1, 1]);
    [0, -0.7, 0, 90, 0, 0, 0.8, -120, -2.5, 0, 0, 33].forEach((value, i) =>
      bytes.writeFloatLE(value, 280 + 4 * i),
    );
    await writeFile(scan, bytes);
    expect((await emars(['explain', join(folder, 'model'), scan, '--out', out])).code).toBe(0);
    const script = `
import sys, nibabel, numpy
scan, heat = (nibabel.load(path) for path in sys.argv[1:])
values = heat.get_fdata()
print(heat.shape == scan.shape, numpy.array_equal(heat.affine, scan.affine), values.min() >= 0, values.max() <= 1)`;
    const said = execFileSync(PYTHON, ['-c', script, scan, join(out, 'scan-0000/heat.nii.gz')], {
      encoding: 'utf8',
    });
    expect(said.trim()).toBe('True True True True');
  },
);
