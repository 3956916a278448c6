/**
 * What tells the classes of phantoms apart: lesions, and nothing else.
 *
 * After how the diseases look on CT. NCP (COVID-19 pneumonia): several patches of ground glass, faint and
 * soft-edged, in both lungs, near the pleura, more at the back and below. CP (common pneumonia): one or two
 * dense consolidations in one lung, larger, towards the middle. Normal: none; yet every class may have a
 * small granuloma, which is no sign of anything.
 */
import type { Generator } from '../../random/generator.js';
import { between, depthScale, lungAt, type Anatomy } from './phantom-anatomy.js';

/** Values of a mask. */
const maskValues = { none: 0, groundGlass: 1, consolidation: 2 } as const;

export interface Lesion {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** Half axes in units of x, along x, y and z. */
  readonly ax: number;
  readonly ay: number;
  readonly az: number;
  /** Hounsfield units added in its middle. */
  readonly hu: number;
  /** Share of the radius over which it fades out, 0 to 1. */
  readonly softness: number;
  /** How strongly the texture of the lung shows in it, 0 to 1. */
  readonly texture: number;
  /** 0 for what is no lesion of the class. */
  readonly mask: number;
}

/** Classes that have lesions of their own; any other name is drawn as Normal. */
export type PhantomClass = 'Normal' | 'NCP' | 'CP';

export interface LesionStreams {
  /** Of the patient: where the lesions are. */
  readonly patient: Generator;
  /** Of the scan: how far they have grown. */
  readonly scan: Generator;
}

/** `contrast` multiplies the density of lesions; 1 = as in real scans, smaller = harder to see. */
export function drawLesions(
  phantomClass: PhantomClass,
  anatomy: Anatomy,
  contrast: number,
  { patient, scan }: LesionStreams,
): Lesion[] {
  const growth = between(scan, 0.88, 1.15);
  const lesions: Lesion[] = granulomas(anatomy, patient);
  if (phantomClass === 'NCP') {
    const count = 5 + patient.integer(3);
    const first = patient.integer(2);
    for (let i = 0; i < count; i++) {
      const place = inLung(anatomy, (first + i) % 2, patient, {
        inner: 0.62,
        outer: 0.92,
        back: 0.75,
        below: 0.65,
      });
      lesions.push({
        ...place,
        ...axes(patient, between(patient, 0.2, 0.28) * growth, 0.8, 1.25),
        hu: between(patient, 320, 430) * contrast,
        softness: 0.35,
        texture: 0.4,
        mask: maskValues.groundGlass,
      });
    }
  } else if (phantomClass === 'CP') {
    const count = 1 + patient.integer(2);
    const side = patient.integer(2);
    for (let i = 0; i < count; i++) {
      const place = inLung(anatomy, side, patient, { inner: 0.1, outer: 0.55, back: 0.5, below: 0.55 });
      lesions.push({
        ...place,
        ...axes(patient, between(patient, 0.3, 0.42) * growth, 0.75, 1.3),
        hu: between(patient, 620, 780) * contrast,
        softness: 0.3,
        texture: 0.25,
        mask: maskValues.consolidation,
      });
    }
  }
  return lesions;
}

/** Up to two small calcified spots in any patient. */
function granulomas(anatomy: Anatomy, patient: Generator): Lesion[] {
  return Array.from({ length: patient.integer(3) }, () => {
    const place = inLung(anatomy, patient.integer(2), patient, {
      inner: 0.1,
      outer: 0.95,
      back: 0.5,
      below: 0.5,
    });
    const radius = between(patient, 0.03, 0.05);
    return {
      ...place,
      ax: radius,
      ay: radius,
      az: radius,
      hu: between(patient, 500, 900),
      softness: 0.4,
      texture: 0,
      mask: maskValues.none,
    };
  });
}

function axes(
  random: Generator,
  radius: number,
  low: number,
  high: number,
): { ax: number; ay: number; az: number } {
  return {
    ax: radius * between(random, low, high),
    ay: radius * between(random, low, high),
    az: radius * between(random, low, high),
  };
}

interface Region {
  /** Range of the distance from the middle of the lung, in its half axes. */
  readonly inner: number;
  readonly outer: number;
  /** Chances that it lies in the back half, and in the lower half. */
  readonly back: number;
  readonly below: number;
}

/**
 * A point of a lung: directions are tried until one lies in the lung (heart and diaphragm cut parts away).
 */
function inLung(
  anatomy: Anatomy,
  side: number,
  random: Generator,
  region: Region,
): { x: number; y: number; z: number } {
  const lung = anatomy.lungs[side === 0 ? 0 : 1];
  let best = { x: lung.x, y: lung.y, z: lung.z };
  for (let attempt = 0; attempt < 24; attempt++) {
    const [dx, dy, dz] = direction(random);
    const radius = between(random, region.inner, region.outer);
    const back = random.chance(region.back) ? Math.abs(dy) : -Math.abs(dy);
    const up = random.chance(region.below) ? -Math.abs(dz) : Math.abs(dz);
    best = {
      x: lung.x + dx * radius * lung.ax,
      y: lung.y + back * radius * lung.ay,
      z: lung.z + 0.75 * up * radius * lung.az,
    };
    if (lungAt(anatomy, best.x, best.y, best.z) !== null) break;
  }
  return best;
}

/** A uniform direction: a point of the unit ball by rejection, made one long. */
export function direction(random: Generator): [number, number, number] {
  for (;;) {
    const x = between(random, -1, 1);
    const y = between(random, -1, 1);
    const z = between(random, -1, 1);
    const length = x * x + y * y + z * z;
    if (length <= 1 && length > 0.01) {
      const scale = 1 / Math.sqrt(length);
      return [x * scale, y * scale, z * scale];
    }
  }
}

/** How much of a lesion is at a point: 1 in its middle, 0 outside, falling off smoothly. */
export function lesionShare(lesion: Lesion, x: number, y: number, z: number): number {
  const dx = (x - lesion.x) / lesion.ax;
  const dy = (y - lesion.y) / lesion.ay;
  const dz = ((z - lesion.z) * depthScale) / lesion.az;
  const radius = Math.sqrt(dx * dx + dy * dy + dz * dz);
  if (radius >= 1) return 0;
  const inside = Math.min(1, (1 - radius) / lesion.softness);
  return inside * inside * (3 - 2 * inside);
}
