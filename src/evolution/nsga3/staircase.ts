/**
 * A front of three objectives as seen by later points of the lexicographic order: they are nowhere better in
 * the first objective, so that only the other two, y and z, decide. Of those, only the lower left staircase
 * matters: its steps have ascending y and descending z.
 */

const FIRST_CAPACITY = 16;

export class Staircase {
  private y = new Float64Array(FIRST_CAPACITY);
  private z = new Float64Array(FIRST_CAPACITY);
  private steps = 0;

  /** True if a member has no more than `y` and no more than `z`. */
  covers(y: number, z: number): boolean {
    const before = this.upTo(y);
    return before > 0 && this.z[before - 1]! <= z;
  }

  /** Adds a member that is not covered; steps that it covers go. */
  add(y: number, z: number): void {
    const end = this.upTo(y);
    // An equal y stands just before; the new step is lower, as it is not covered.
    const at = end > 0 && this.y[end - 1] === y ? end - 1 : end;
    let next = at;
    while (next < this.steps && this.z[next]! >= z) next++;
    if (next === at) {
      if (this.steps === this.y.length) this.grow();
      this.y.copyWithin(at + 1, at, this.steps);
      this.z.copyWithin(at + 1, at, this.steps);
      this.steps++;
    } else if (next > at + 1) {
      this.y.copyWithin(at + 1, next, this.steps);
      this.z.copyWithin(at + 1, next, this.steps);
      this.steps -= next - at - 1;
    }
    this.y[at] = y;
    this.z[at] = z;
  }

  /** How many steps have at most this y. Halves without a branch: which way it goes cannot be foretold. */
  private upTo(y: number): number {
    const ys = this.y;
    let least = 0;
    for (let left = this.steps; left > 0;) {
      const half = (left + 1) >>> 1;
      least += half * Number(ys[least + half - 1]! <= y);
      left -= half;
    }
    return least;
  }

  private grow(): void {
    for (const axis of ['y', 'z'] as const) {
      const larger = new Float64Array(this[axis].length * 2);
      larger.set(this[axis]);
      this[axis] = larger;
    }
  }
}
