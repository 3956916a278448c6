/**
 * The test problems: DTLZ1 to DTLZ4 for any number of objectives, scaled and shifted.
 *
 * Source: Deb, Thiele, Laumanns & Zitzler 2005 (DTLZ); scaling, numbers of variables, populations
 * and generations: Deb & Jain 2014, section V. All variables are in [0, 1]; all objectives are
 * minimised. Math.sin, cos and pow are not specified to the last bit by ECMAScript: figures of the
 * benchmark may differ in late digits between engines; the selection itself may not.
 */
import { dasDennis } from '#emars/evolution/nsga3/reference-directions.js';

export type Shape = 'dtlz1' | 'dtlz2' | 'dtlz3' | 'dtlz4';

/** One row of the benchmark: a problem, and how it is searched. Plain data, also sent to the peer. */
export interface Case {
  readonly name: string;
  readonly shape: Shape;
  readonly objectives: number;
  readonly variables: number;
  /** [M]: objective j is multiplied by scale[j], then shift[j] is added. */
  readonly scale: readonly number[];
  readonly shift: readonly number[];
  /** N: the smallest multiple of 4 that is not less than the number of directions. */
  readonly population: number;
  /** Generations of offspring after the first population. */
  readonly generations: number;
  /** [H][M], the reference directions of both sides. */
  readonly directions: readonly (readonly number[])[];
}

interface Family {
  readonly shape: Shape;
  readonly generations: Readonly<Record<number, number>>;
  /** Objective j (from 0) is multiplied by factor^j. */
  readonly factor?: Readonly<Record<number, number>>;
  readonly shift?: readonly number[];
}

/** Generations: Deb & Jain 2014, Tables III to V. The shift is ours: unequal on purpose. */
const FAMILIES: Readonly<Record<string, Family>> = {
  dtlz1: { shape: 'dtlz1', generations: { 3: 400, 5: 600 } },
  dtlz2: { shape: 'dtlz2', generations: { 3: 250, 5: 350 } },
  dtlz3: { shape: 'dtlz3', generations: { 3: 1000, 5: 1000 } },
  dtlz4: { shape: 'dtlz4', generations: { 3: 600, 5: 1000 } },
  'scaled-dtlz1': { shape: 'dtlz1', generations: { 3: 400, 5: 600 }, factor: { 3: 10, 5: 10 } },
  'scaled-dtlz2': { shape: 'dtlz2', generations: { 3: 250, 5: 350 }, factor: { 3: 10, 5: 10 } },
  'shifted-dtlz2': { shape: 'dtlz2', generations: { 3: 250, 5: 350 }, shift: [0.1, 50, -3, 7, 0] },
};

export const PROBLEMS: readonly string[] = Object.keys(FAMILIES);

/** p of Das & Dennis for each number of objectives: 91 and 210 directions. */
const PARTITIONS: Readonly<Record<number, number>> = { 3: 12, 5: 6 };
export const OBJECTIVES: readonly number[] = Object.keys(PARTITIONS).map(Number);

/** The case of a problem's name and number of objectives. Errors: RangeError for unknown ones. */
export function caseOf(name: string, objectives: number): Case {
  const family = FAMILIES[name];
  const partitions = PARTITIONS[objectives];
  if (family === undefined || partitions === undefined)
    throw new RangeError(
      `expected a problem of ${PROBLEMS.join(', ')} with ${OBJECTIVES.join(' or ')} objectives, got ${name} with ${objectives}`,
    );
  const directions = dasDennis(objectives, partitions);
  const factor = family.factor?.[objectives] ?? 1;
  return {
    name,
    shape: family.shape,
    objectives,
    variables: objectives + (family.shape === 'dtlz1' ? 4 : 9),
    scale: Array.from({ length: objectives }, (_, j) => factor ** j),
    shift: Array.from({ length: objectives }, (_, j) => family.shift?.[j] ?? 0),
    population: 4 * Math.ceil(directions.length / 4),
    generations: family.generations[objectives]!,
    directions,
  };
}

/** The objectives of `variables`, scaled and shifted. */
export function evaluate(problem: Case, variables: Float64Array): number[] {
  const { shape, objectives } = problem;
  const position = variables.subarray(0, objectives - 1);
  const rest = variables.subarray(objectives - 1);
  const g = shape === 'dtlz1' || shape === 'dtlz3' ? rugged(rest) : bowl(rest);
  const values = shape === 'dtlz1' ? plane(position, g) : sphere(position, g, shape === 'dtlz4' ? 100 : 1);
  return values.map((value, j) => value * problem.scale[j]! + problem.shift[j]!);
}

function rugged(rest: Float64Array): number {
  let sum = rest.length;
  for (const x of rest) sum += (x - 0.5) * (x - 0.5) - Math.cos(20 * Math.PI * (x - 0.5));
  return 100 * sum;
}

function bowl(rest: Float64Array): number {
  let sum = 0;
  for (const x of rest) sum += (x - 0.5) * (x - 0.5);
  return sum;
}

function plane(position: Float64Array, g: number): number[] {
  const last = position.length;
  return Array.from({ length: last + 1 }, (_, j) => {
    let value = 0.5 * (1 + g);
    for (let k = 0; k < last - j; k++) value *= position[k]!;
    return j === 0 ? value : value * (1 - position[last - j]!);
  });
}

function sphere(position: Float64Array, g: number, alpha: number): number[] {
  const last = position.length;
  const angle = (k: number): number => (Math.pow(position[k]!, alpha) * Math.PI) / 2;
  return Array.from({ length: last + 1 }, (_, j) => {
    let value = 1 + g;
    for (let k = 0; k < last - j; k++) value *= Math.cos(angle(k));
    return j === 0 ? value : value * Math.sin(angle(last - j));
  });
}

/** Where the reference lines meet the true front, unscaled and unshifted: the set IGD is measured to. */
export function frontTargets(problem: Case): number[][] {
  return problem.directions.map((direction) => {
    const length =
      problem.shape === 'dtlz1'
        ? 2 * direction.reduce((sum, d) => sum + d, 0)
        : Math.sqrt(direction.reduce((sum, d) => sum + d * d, 0));
    return direction.map((d) => d / length);
  });
}
