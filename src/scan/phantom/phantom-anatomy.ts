/**
 * The chest of a phantom patient, before any disease: numbers that say where things are.
 *
 * Coordinates: x from −1 (patient's right, left in the picture) to 1; y from −1 (front) to 1 (back);
 * z from 0 (below the diaphragm) to 1 (apex). A unit of z is taken as 1.7 units of x: a chest of about
 * 300 mm in a picture of 350 mm.
 *
 * Everything here varies between patients, and some of it between the scans of one patient, so that no
 * single number of a picture (its mean, its share of air) tells the class. Only + − × ÷ and square roots:
 * the same phantoms on every machine.
 */
import type { Generator } from '../../random/generator.js';

/** Length of a unit of z in units of x. */
export const depthScale = 1.7;

export interface Lung {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** Half axes, each in its own coordinate. */
  readonly ax: number;
  readonly ay: number;
  readonly az: number;
}

export interface Anatomy {
  /** Centre and half axes of the trunk. */
  readonly body: { readonly x: number; readonly y: number; readonly ax: number; readonly ay: number };
  /** Share of the trunk's radius that is fat, then wall. */
  readonly fat: number;
  /** Right and left. */
  readonly lungs: readonly [Lung, Lung];
  /** Height of the diaphragm at the edge of a lung, and how much its dome rises above that. */
  readonly diaphragm: { readonly base: number; readonly dome: number };
  readonly heart: {
    readonly x: number;
    readonly y: number;
    readonly z: number;
    readonly ax: number;
    readonly ay: number;
    readonly az: number;
  };
  readonly mediastinum: number;
  readonly tracheaX: number;
  /** Hounsfield units of healthy lung, and their rise from front to back. */
  readonly lungHu: number;
  readonly gravityHu: number;
  /** Strength of the thin dense band that lying on the back leaves in healthy lungs too; 0 in many. */
  readonly dependentHu: number;
  readonly tissueHu: number;
  readonly ribPhase: number;
  readonly table: number;
}

/** A number between `low` and `high`. */
export function between(random: Generator, low: number, high: number): number {
  return low + (high - low) * random.uniform();
}

/**
 * @param patient stream of the patient: the same for all scans of one.
 * @param scan stream of the scan: breathing and position on the table.
 */
export function drawAnatomy(patient: Generator, scan: Generator): Anatomy {
  const breadth = between(patient, 0.84, 0.97);
  const bodyDepth = between(patient, 0.6, 0.74);
  const lungWidth = between(patient, 0.34, 0.4);
  const lungDepth = between(patient, 0.64, 0.76);
  const side = between(patient, 0.46, 0.5);
  const lungHeight = between(patient, 0.5, 0.58);
  const heartSize = between(patient, 0.85, 1.2);
  const base = between(patient, 0.06, 0.14);
  const dome = between(patient, 0.1, 0.2);
  const fat = between(patient, 0.05, 0.16);
  const lungHu = between(patient, -880, -800);
  const gravityHu = between(patient, 20, 90);
  const dependentHu = Math.max(0, between(patient, -120, 140));
  const tissueHu = between(patient, 20, 60);
  const mediastinum = between(patient, 0.07, 0.11);
  const ribPhase = patient.uniform();
  // Breath: how full the lungs are in this scan; and where the patient lies.
  const breath = between(scan, 0.94, 1.05);
  const x = between(scan, -0.04, 0.04);
  const y = between(scan, -0.08, 0.04);
  const lung = (sign: number): Lung => ({
    x: x + sign * side * breadth,
    y,
    z: 0.5,
    ax: lungWidth * breadth * (sign < 0 ? 1.04 : 0.97),
    ay: lungDepth * bodyDepth * breath,
    az: lungHeight * breath,
  });
  return {
    body: { x, y, ax: breadth, ay: bodyDepth },
    fat,
    lungs: [lung(-1), lung(1)],
    diaphragm: { base: base + (1 - breath) * 0.6, dome },
    heart: {
      x: x + 0.12 * breadth,
      y: y - 0.16 * bodyDepth,
      z: 0.33,
      ax: 0.27 * heartSize,
      ay: 0.25 * heartSize,
      az: 0.24,
    },
    mediastinum,
    tracheaX: x + between(patient, -0.02, 0.02),
    lungHu: lungHu + between(scan, -25, 25),
    gravityHu,
    dependentHu,
    tissueHu,
    ribPhase,
    table: y + bodyDepth + between(patient, 0.04, 0.08),
  };
}

/** Squared distance from the middle of a lung in its half axes: below 1 inside of its ellipsoid. */
export function lungRadius2(lung: Lung, x: number, y: number, z: number): number {
  const dx = (x - lung.x) / lung.ax;
  const dy = (y - lung.y) / lung.ay;
  const dz = (z - lung.z) / lung.az;
  return dx * dx + dy * dy + dz * dz;
}

/** Which lung holds a point: 0 (right), 1 (left), or null for neither. */
export function lungAt(anatomy: Anatomy, x: number, y: number, z: number): 0 | 1 | null {
  const index = x < anatomy.body.x ? 0 : 1;
  const lung = anatomy.lungs[index];
  if (Math.abs(x - anatomy.body.x) < anatomy.mediastinum || lungRadius2(lung, x, y, z) >= 1) return null;
  const { heart, diaphragm } = anatomy;
  const hx = (x - heart.x) / heart.ax;
  const hy = (y - heart.y) / heart.ay;
  const hz = (z - heart.z) / heart.az;
  if (hx * hx + hy * hy + hz * hz < 1) return null;
  const dx = (x - lung.x) / lung.ax;
  const dy = (y - lung.y) / lung.ay;
  return z < diaphragm.base + diaphragm.dome * Math.max(0, 1 - dx * dx - dy * dy) ? null : index;
}
