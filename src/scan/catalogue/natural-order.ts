/**
 * Natural order of file names: `2.png` before `10.png`.
 *
 * Runs of digits are compared as numbers, everything else by code unit, so the order is the same in
 * every locale. Names that differ only in leading zeros are put apart by plain code unit order, which
 * makes the order total.
 */
export function naturalOrder(a: string, b: string): number {
  const partsA = a.match(/\d+|\D+/g) ?? [];
  const partsB = b.match(/\d+|\D+/g) ?? [];
  const common = Math.min(partsA.length, partsB.length);
  for (let i = 0; i < common; i++) {
    const order = compareParts(partsA[i]!, partsB[i]!);
    if (order !== 0) return order;
  }
  return partsA.length - partsB.length || codeUnitOrder(a, b);
}

/** Plain order by UTF-16 code unit: what `sort()` does, as a comparator. */
export function codeUnitOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareParts(a: string, b: string): number {
  if (!isDigits(a) || !isDigits(b)) return codeUnitOrder(a, b);
  const valueA = a.replace(/^0+/, '');
  const valueB = b.replace(/^0+/, '');
  return valueA.length - valueB.length || codeUnitOrder(valueA, valueB);
}

function isDigits(part: string): boolean {
  const code = part.charCodeAt(0);
  return code >= 48 && code <= 57;
}
