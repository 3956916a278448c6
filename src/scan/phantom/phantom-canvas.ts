/** The volume that a phantom is drawn in: voxels by index, and by the coordinates of the anatomy. */
import { depthScale, lungAt, type Anatomy } from './phantom-anatomy.js';

/** Around a point; half axes in units of x. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly ax: number;
  readonly ay: number;
  readonly az: number;
}

/** A volume being drawn, with its coordinates. */
export class Canvas {
  readonly hu: Float64Array;
  readonly mask: Uint8Array;

  constructor(
    readonly depth: number,
    readonly height: number,
    readonly width: number,
  ) {
    this.hu = new Float64Array(depth * height * width);
    this.mask = new Uint8Array(depth * height * width);
  }

  x = (column: number): number => ((column + 0.5) / this.width) * 2 - 1;
  y = (row: number): number => ((row + 0.5) / this.height) * 2 - 1;
  z = (slice: number): number => (slice + 0.5) / this.depth;

  fill(value: (x: number, y: number, z: number) => number): void {
    for (let slice = 0, i = 0; slice < this.depth; slice++) {
      for (let row = 0; row < this.height; row++) {
        for (let column = 0; column < this.width; column++, i++)
          this.hu[i] = value(this.x(column), this.y(row), this.z(slice));
      }
    }
  }

  /** 1 where there is lung. */
  lungs(anatomy: Anatomy): Uint8Array {
    const lungs = new Uint8Array(this.hu.length);
    for (let slice = 0, i = 0; slice < this.depth; slice++) {
      for (let row = 0; row < this.height; row++) {
        for (let column = 0; column < this.width; column++, i++)
          if (lungAt(anatomy, this.x(column), this.y(row), this.z(slice)) !== null) lungs[i] = 1;
      }
    }
    return lungs;
  }

  inLung(lungs: Uint8Array, value: (x: number, y: number, z: number, hu: number) => number): void {
    for (let slice = 0, i = 0; slice < this.depth; slice++) {
      for (let row = 0; row < this.height; row++) {
        for (let column = 0; column < this.width; column++, i++) {
          if (lungs[i] === 1) this.hu[i] = value(this.x(column), this.y(row), this.z(slice), this.hu[i]!);
        }
      }
    }
  }

  /** Visits the lung voxels of a box. */
  near(lungs: Uint8Array, box: Box, visit: (i: number, x: number, y: number, z: number) => void): void {
    const range = (middle: number, half: number, scale: number, count: number): [number, number] => [
      Math.max(0, Math.floor((middle - half) * scale)),
      Math.min(count - 1, Math.floor((middle + half) * scale)),
    ];
    const [fromX, toX] = range(box.x + 1, box.ax, this.width / 2, this.width);
    const [fromY, toY] = range(box.y + 1, box.ay, this.height / 2, this.height);
    const [fromZ, toZ] = range(box.z, box.az / depthScale, this.depth, this.depth);
    for (let slice = fromZ; slice <= toZ; slice++) {
      for (let row = fromY; row <= toY; row++) {
        for (let column = fromX; column <= toX; column++) {
          const i = (slice * this.height + row) * this.width + column;
          if (lungs[i] === 1) visit(i, this.x(column), this.y(row), this.z(slice));
        }
      }
    }
  }
}
