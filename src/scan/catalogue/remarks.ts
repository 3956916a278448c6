/**
 * What a person should know of data that can be used all the same: said by `emars data inspect` and at
 * the start of a search. Nothing here refuses anything.
 */

/** What a remark needs to know of a scan. */
export interface RemarkedScan {
  readonly id: string;
  readonly patient: string;
  readonly class: string;
  /** Slices of the scan as stored. */
  readonly depth: number;
}

/** Below this many validation scans one scan moves the accuracy by five points or more. */
const FEW_SCANS = 20;
/** Share of the patients that validates where nothing else is said. */
const USUAL_VALIDATION = 0.2;

const some = (names: readonly string[]): string =>
  names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');

/** Remarks on the scans of a data folder. */
export function scanRemarks(scans: readonly RemarkedScan[]): string[] {
  const patientsOf = new Map<string, Set<string>>();
  for (const { class: name, patient } of scans)
    patientsOf.set(name, (patientsOf.get(name) ?? new Set()).add(patient));
  const classes = [...patientsOf.keys()];
  const lonely = classes.filter((name) => patientsOf.get(name)?.size === 1);
  const flat = scans.filter(({ depth }) => depth === 1).map(({ id }) => id);
  return [
    ...(classes.length === 1
      ? [`there is one class only, ${classes[0] ?? ''}: a search needs two or more to tell apart`]
      : []),
    ...(lonely.length > 0
      ? [
          `one patient only in ${lonely.join(', ')}: a class needs two, one to train and one to validate, ` +
            'and a search is refused',
        ]
      : []),
    ...(flat.length > 0
      ? [
          `${flat.length} of ${scans.length} scans have a single slice (${some(flat)}): ` +
            'is each slice taken for a scan?',
        ]
      : []),
  ];
}

/** A remark on the size of D_val as a split has it. */
export function splitRemarks(validationScans: number): string[] {
  return fewScans(`the validation side has ${validationScans} scans`, validationScans);
}

/** The same before there is a split. */
export function expectedSplitRemarks(scans: readonly RemarkedScan[]): string[] {
  const expected = Math.max(1, Math.round(scans.length * USUAL_VALIDATION));
  return fewScans(`a fifth of the scans, about ${expected}, would validate`, expected);
}

function fewScans(begin: string, scans: number): string[] {
  if (scans >= FEW_SCANS) return [];
  return [
    `${begin}: one scan moves the accuracy by ${(100 / scans).toFixed(0)} points, and small differences mean nothing`,
  ];
}
