/** Draws one phantom scan: anatomy, vessels, texture, lesions, noise → Hounsfield units and a mask. */
import { generator, type Generator } from '../../random/generator.js';
import { between, depthScale, drawAnatomy, lungAt, lungRadius2, type Anatomy } from './phantom-anatomy.js';
import { Canvas } from './phantom-canvas.js';
import { direction, drawLesions, lesionShare, type Lesion, type PhantomClass } from './phantom-lesions.js';

export interface PhantomVolume {
  readonly shape: readonly [depth: number, height: number, width: number];
  /** Hounsfield units, `[depth, height, width]`; slice 0 is the lowest, row 0 the front. */
  readonly hu: Int16Array;
  /** 0 = healthy, 1 = ground glass, 2 = consolidation; same shape. */
  readonly mask: Uint8Array;
  readonly lesions: number;
}

export interface PhantomKey {
  readonly seed: number;
  readonly patient: number;
  readonly scan: number;
  readonly class: PhantomClass;
  /** Slices vary by a fifth around the first number. */
  readonly shape: readonly [depth: number, height: number, width: number];
  readonly contrast: number;
}

const air = -1000;

/** The same key gives the same volume, bit for bit. */
export function drawPhantom({
  seed,
  patient,
  scan,
  class: phantomClass,
  shape,
  contrast,
}: PhantomKey): PhantomVolume {
  const ofPatient = (what: string): Generator => generator(seed, `phantom-${what}`, patient);
  const ofScan = (what: string): Generator => generator(seed, `phantom-${what}`, patient, scan);
  const anatomy = drawAnatomy(ofPatient('anatomy'), ofScan('breath'));
  const exposure = ofScan('exposure');
  const canvas = new Canvas(depthOf(shape[0], exposure), shape[1], shape[2]);
  canvas.fill((x, y, z) => tissueAt(anatomy, x, y, z));
  const texture = new Texture(ofScan('texture'));
  const healthy = canvas.lungs(anatomy);
  canvas.inLung(healthy, (x, y, z, hu) => hu + texture.at(x, y, z) * 40);
  drawVessels(canvas, healthy, anatomy, ofPatient('vessels'));
  const lesions = drawLesions(phantomClass, anatomy, contrast, {
    patient: ofPatient('lesions'),
    scan: ofScan('growth'),
  });
  for (const lesion of lesions) drawLesion(canvas, healthy, lesion, { texture, anatomy });
  const hu = develop(canvas, exposure, ofScan('noise'));
  return {
    shape: [canvas.depth, canvas.height, canvas.width],
    hu,
    mask: canvas.mask,
    lesions: lesions.filter(({ mask }) => mask > 0).length,
  };
}

function depthOf(depth: number, random: Generator): number {
  const spread = Math.floor(depth / 5);
  return depth - spread + random.integer(2 * spread + 1);
}

/** Hounsfield units of healthy tissue at a point. */
function tissueAt(anatomy: Anatomy, x: number, y: number, z: number): number {
  const { body } = anatomy;
  const bx = (x - body.x) / body.ax;
  const by = (y - body.y) / body.ay;
  // Shoulders are narrower than the chest at the top.
  const taper = z > 0.85 ? 1 + (z - 0.85) * 0.8 : 1;
  const radius = Math.sqrt(bx * bx + by * by) * taper;
  if (radius >= 1) {
    const table = y - (anatomy.table - 0.12 * x * x);
    return table > 0 && table < 0.05 ? -300 : air;
  }
  const lung = lungAt(anatomy, x, y, z);
  if (lung !== null) {
    const own = anatomy.lungs[lung];
    const low = (y - own.y) / own.ay;
    const rim = lungRadius2(own, x, y, z);
    const dependent = low > 0.4 && rim > 0.72 ? anatomy.dependentHu * (rim - 0.72) * 3.5 : 0;
    return anatomy.lungHu + anatomy.gravityHu * low + dependent;
  }
  const tx = x - anatomy.tracheaX;
  const ty = y - body.y - 0.02;
  if (z > 0.6 && tx * tx + ty * ty < 0.0036) return air;
  if (radius > 1 - anatomy.fat) return -100;
  return boneAt(anatomy, { x, y, z }, { x: bx, y: by, radius }) ?? anatomy.tissueHu;
}

interface Point {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** `inBody`: the point measured from the middle of the body in its half axes, and its distance from there. */
function boneAt(
  anatomy: Anatomy,
  point: Point,
  inBody: { readonly x: number; readonly y: number; readonly radius: number },
): number | null {
  const { body } = anatomy;
  const sx = (point.x - body.x) / 0.12;
  const sy = (point.y - body.y - 0.66 * body.ay) / 0.13;
  if (sx * sx + sy * sy < 1) return 280;
  const inner = 1 - anatomy.fat - inBody.radius;
  if (inner > 0.12) return null;
  // Ribs: stripes around the wall that shift from slice to slice. The angle is a rational stand-in, 0 to 2.
  const angle = (1 - inBody.y / (Math.abs(inBody.x) + Math.abs(inBody.y))) * (inBody.x < 0 ? 1 : 1.02);
  const phase = angle * 4 + point.z * 7 + anatomy.ribPhase;
  return phase - Math.floor(phase) < 0.4 ? 420 : null;
}

/** Smooth random numbers of about unit size on a coarse grid, interpolated linearly. */
class Texture {
  private static readonly cells = 9;
  private readonly grid: Float64Array;

  constructor(random: Generator) {
    const { cells } = Texture;
    this.grid = Float64Array.from(
      { length: cells * cells * cells },
      () => (random.uniform() + random.uniform() - 1) * 2.4,
    );
  }

  at(x: number, y: number, z: number): number {
    const { cells } = Texture;
    const place = (value: number): [number, number] => {
      const scaled = Math.min(cells - 1.001, Math.max(0, value * (cells - 1)));
      const cell = Math.floor(scaled);
      return [cell, scaled - cell];
    };
    const [cx, fx] = place((x + 1) / 2);
    const [cy, fy] = place((y + 1) / 2);
    const [cz, fz] = place(z);
    let sum = 0;
    for (let corner = 0; corner < 8; corner++) {
      const [dx, dy, dz] = [corner & 1, (corner >> 1) & 1, corner >> 2];
      const weight = (dx === 1 ? fx : 1 - fx) * (dy === 1 ? fy : 1 - fy) * (dz === 1 ? fz : 1 - fz);
      sum += weight * this.grid[((cz + dz) * cells + cy + dy) * cells + cx + dx]!;
    }
    return sum;
  }
}

/** Branches that leave each hilum and thin out. */
function drawVessels(canvas: Canvas, lungs: Uint8Array, anatomy: Anatomy, random: Generator): void {
  for (const [side, lung] of anatomy.lungs.entries()) {
    const branches = 12 + random.integer(8);
    for (let branch = 0; branch < branches; branch++) {
      const at = {
        x: anatomy.body.x + (side === 0 ? -1 : 1) * 0.14,
        y: lung.y + between(random, -0.05, 0.08),
        z: 0.5 + between(random, -0.06, 0.06),
      };
      const heading = direction(random);
      heading[0] = Math.abs(heading[0]) * (side === 0 ? -1 : 1);
      const strength = between(random, 350, 650);
      const steps = 10;
      for (let step = 0; step < steps; step++) {
        const radius = 0.06 * (1 - (0.6 * step) / steps);
        const bend = direction(random);
        at.x += heading[0] * 0.05 + bend[0] * 0.02;
        at.y += heading[1] * 0.07 + bend[1] * 0.02;
        at.z += (heading[2] * 0.07 + bend[2] * 0.02) / depthScale;
        canvas.near(lungs, { ...at, ax: radius, ay: radius, az: radius * 1.6 }, (i, x, y, z) => {
          const dx = (x - at.x) / radius;
          const dy = (y - at.y) / radius;
          const dz = ((z - at.z) * depthScale) / (radius * 1.6);
          const inside = 1 - dx * dx - dy * dy - dz * dz;
          if (inside > 0)
            canvas.hu[i] = Math.max(
              canvas.hu[i]!,
              anatomy.lungHu + strength * inside * (1 - (0.5 * step) / steps),
            );
        });
      }
    }
  }
}

/** Lesions fill air: what is dense already does not become denser than tissue. */
function drawLesion(
  canvas: Canvas,
  lungs: Uint8Array,
  lesion: Lesion,
  { texture, anatomy }: { readonly texture: Texture; readonly anatomy: Anatomy },
): void {
  canvas.near(lungs, lesion, (i, x, y, z) => {
    const share = lesionShare(lesion, x, y, z);
    if (share === 0) return;
    const grain = 1 + lesion.texture * 0.35 * texture.at(-x, z * 2 - 1, (y + 1) / 2);
    const before = canvas.hu[i]!;
    canvas.hu[i] = Math.max(
      before,
      Math.min(anatomy.tissueHu + 20, before + lesion.hu * share * Math.max(0, grain)),
    );
    if (lesion.mask > 0 && share > 0.35) canvas.mask[i] = lesion.mask;
  });
}

/** Exposure and noise of the scan, rounded to whole Hounsfield units. */
function develop(canvas: Canvas, exposure: Generator, noise: Generator): Int16Array {
  const shift = between(exposure, -25, 25);
  const gain = between(exposure, 0.96, 1.04);
  const sigma = between(exposure, 10, 28);
  // The sum of two bytes has the standard deviation 104.5: a bell without tails, two voxels a draw.
  const scale = sigma / 104.5;
  const hu = new Int16Array(canvas.hu.length);
  let bits = 0;
  for (let i = 0; i < hu.length; i++) {
    bits = i % 2 === 0 ? noise.bits() : bits >>> 16;
    const grain = (bits & 255) + ((bits >>> 8) & 255) - 255;
    hu[i] = Math.max(
      -1024,
      Math.min(3000, Math.round((canvas.hu[i]! + 1000) * gain - 1000 + shift + grain * scale)),
    );
  }
  return hu;
}
