/**
 * IGD of Deb & Jain 2014 (IEEE TEVC 18(4)), Tables III to V: best, median and worst of 20 runs.
 *
 * These figures are quoted FROM MEMORY of the paper and need checking against it. They are printed
 * for orientation; nothing is decided by them.
 */
export const PUBLISHED: Readonly<
  Record<string, Readonly<Record<number, readonly [number, number, number]>>>
> = {
  dtlz1: { 3: [4.88e-4, 1.308e-3, 4.88e-3], 5: [5.116e-4, 9.799e-4, 1.979e-3] },
  dtlz2: { 3: [1.262e-3, 1.357e-3, 2.114e-3], 5: [4.254e-3, 4.982e-3, 5.862e-3] },
  dtlz3: { 3: [9.751e-4, 4.007e-3, 6.665e-3], 5: [3.086e-3, 5.96e-3, 1.196e-2] },
  dtlz4: { 3: [2.915e-4, 5.97e-4, 4.286e-1], 5: [9.849e-4, 1.255e-3, 1.721e-3] },
  'scaled-dtlz1': { 3: [3.853e-4, 1.214e-3, 1.103e-2], 5: [1.099e-3, 2.5e-3, 3.921e-2] },
  'scaled-dtlz2': { 3: [1.347e-3, 2.069e-3, 5.284e-3], 5: [1.005e-2, 2.564e-2, 8.43e-2] },
};
