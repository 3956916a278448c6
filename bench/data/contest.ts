/** What both sides of the data benchmark read, and what they are asked. */

export interface DataTask {
  /** `make`: the peer's libraries write the scans of all kinds below `folder`; `decode`: bring those in `folder` to cubes. */
  readonly task: 'make' | 'decode';
  readonly kind: Kind;
  readonly folder: string;
  /** Written by `decode`, empty before it. */
  readonly out: string;
  readonly scans: number;
}

export interface DataAnswer {
  readonly milliseconds: number;
  /** Mean of all decoded values of a scan in [0, 1], scan after scan: both sides must agree nearly. */
  readonly means: readonly number[];
}

export type Kind = 'png' | 'tif' | 'nii';

export interface Discipline {
  readonly name: string;
  readonly kind: Kind;
  readonly peer: string;
  /** Peer's time / our time that is aimed at. */
  readonly goal: number;
}

/** Slices, rows and columns of a scan; pixels along both sides of a decoded slice; workers of each side. */
export const SCAN = { depth: 60, side: 512, size: 64, workers: 2 } as const;

export const disciplines: readonly Discipline[] = [
  { name: 'PNG, 8 bits', kind: 'png', peer: 'Pillow', goal: 78 / 45 },
  { name: 'TIFF, 16 bits, Deflate', kind: 'tif', peer: 'tifffile', goal: 1.5 },
  { name: 'NIfTI, int16, gzip', kind: 'nii', peer: 'nibabel', goal: 1.5 },
];
