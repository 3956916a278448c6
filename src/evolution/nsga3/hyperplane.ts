/**
 * Where the plane through M extreme points meets the M axes.
 *
 * Source: Deb & Jain 2014, section IV-C. Row k of E is an extreme point measured from the ideal
 * point; E a = 1 describes the plane, and 1 / a_j is the intercept on axis j, measured FROM THE
 * IDEAL POINT. (The paper's equation 5 subtracts the ideal point once more; taken literally with
 * these intercepts that is wrong whenever the ideal point is not 0.)
 */

/** A pivot below this share of the largest entry means that the extremes span no plane. */
const SINGULAR = 1e-10;

/**
 * Intercepts of the plane through `rows` [M][M], or null if the rows span no plane. Entries are
 * expected in comparable units (each column divided by its range). The result may hold negative or
 * infinite intercepts; the caller judges them. LU elimination with partial pivoting.
 */
export function planeIntercepts(rows: readonly (readonly number[])[]): number[] | null {
  const size = rows.length;
  const matrix = rows.map((row) => [...row, 1]);
  let largest = 0;
  for (const row of rows) for (const entry of row) largest = Math.max(largest, Math.abs(entry));
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let r = column + 1; r < size; r++)
      if (Math.abs(matrix[r]![column]!) > Math.abs(matrix[pivot]![column]!)) pivot = r;
    const top = matrix[pivot]!;
    matrix[pivot] = matrix[column]!;
    matrix[column] = top;
    const head = top[column]!;
    // Written so that NaN counts as singular; `largest` is 0 when all rows are the ideal point.
    if (!(Math.abs(head) >= SINGULAR * largest) || head === 0) return null;
    for (let r = column + 1; r < size; r++) {
      const row = matrix[r]!;
      const factor = row[column]! / head;
      for (let c = column; c <= size; c++) row[c]! -= factor * top[c]!;
    }
  }
  const solution = new Array<number>(size).fill(0);
  for (let r = size - 1; r >= 0; r--) {
    const row = matrix[r]!;
    let rest = row[size]!;
    for (let c = r + 1; c < size; c++) rest -= row[c]! * solution[c]!;
    solution[r] = rest / row[r]!;
  }
  return solution.map((a) => 1 / a);
}
