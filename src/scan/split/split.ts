/**
 * Splits by patient: no patient has scans on two sides, ever.
 *
 * Stratified by class at the level of patients. A patient with scans in two classes counts once and stays
 * whole; so do patients who share a scan byte for byte (the same scan under two names would leak). The
 * outcome depends on ids, classes and the seed, not on the order of the input.
 */
import { generator } from '../../random/generator.js';
import { codeUnitOrder } from '../catalogue/natural-order.js';
import { SplitError } from './split-error.js';

export { SplitError } from './split-error.js';

/** The sides of a split: D_train, D_val and, if asked for, D_test of the paper. */
export const sides = ['train', 'validation', 'test'] as const;
export type Side = (typeof sides)[number];

/** What a split needs to know of a scan; `StoredScan` is one. */
export interface SplitScan {
  readonly id: string;
  readonly patient: string;
  readonly class: string;
  /** Scans of equal content stay on one side, of whichever patient they are. */
  readonly contentHash?: string;
}

export interface SplitEntry {
  readonly id: string;
  readonly patient: string;
  readonly class: string;
}

/** Shares of the patients, above 0 and below 1 together; the rest trains. */
export interface SplitFractions {
  readonly validation: number;
  readonly test?: number | undefined;
}

export interface Split {
  readonly format: 1;
  readonly classes: readonly string[];
  /** Null for a split that was given, not drawn. */
  readonly seed: number | null;
  readonly fractions: SplitFractions | null;
  readonly train: readonly SplitEntry[];
  readonly validation: readonly SplitEntry[];
  readonly test: readonly SplitEntry[];
}

/** Patients who must stay together, and their scans. */
interface Group {
  /** Smallest patient name of the group. */
  readonly name: string;
  readonly scans: readonly SplitScan[];
  readonly classes: readonly string[];
}

/**
 * Draws a split.
 * @param scans at least as many patients as sides.
 * Errors: SplitError when a side would be empty or the input contradicts itself.
 */
export function splitByPatient(
  scans: readonly SplitScan[],
  options: { readonly fractions: SplitFractions; readonly seed: number },
): Split {
  const { fractions, seed } = options;
  const test = fractions.test ?? 0;
  if (!(fractions.validation > 0) || !(test >= 0) || !(fractions.validation + test < 1)) {
    throw new SplitError([
      `expected a validation share above 0 and, with the test share, below 1; got ${fractions.validation} and ${test}`,
    ]);
  }
  const groups = groupPatients(scans);
  const used: readonly Side[] = test > 0 ? sides : ['train', 'validation'];
  if (groups.length < used.length)
    throw new SplitError([
      `expected at least ${used.length} patients for ${used.join(', ')}; got ${groups.length}`,
    ]);
  const placed = place(
    groups,
    { train: 1 - fractions.validation - test, validation: fractions.validation, test },
    seed,
  );
  spread(groups, placed, used);
  const entries = (side: Side): SplitEntry[] =>
    groups
      .filter((group) => placed.get(group) === side)
      .flatMap((group) => group.scans.map(entryOf))
      .sort((a, b) => codeUnitOrder(a.id, b.id));
  const split: Split = {
    format: 1,
    classes: classesOf(scans),
    seed,
    fractions,
    train: entries('train'),
    validation: entries('validation'),
    test: entries('test'),
  };
  checkSplit(split, scans);
  return split;
}

/**
 * Refuses a split that leaks or does not fit the scans.
 * Scans that no side names are allowed: they are left out.
 * Errors: SplitError with every reason at once.
 */
export function checkSplit(split: Split, scans: readonly SplitScan[]): void {
  const known = new Map(scans.map((scan) => [scan.id, scan]));
  const problems: string[] = [];
  const sideOfScan = new Map<string, Side>();
  const sidesOfPatient = new Map<string, Set<Side>>();
  const sidesOfContent = new Map<string, Map<Side, string>>();
  for (const side of sides) {
    if (split[side].length === 0 && (side !== 'test' || (split.fractions?.test ?? 0) > 0))
      problems.push(`the side ${side} is empty`);
    for (const { id, patient, class: className } of split[side]) {
      const scan = known.get(id);
      const earlier = sideOfScan.get(id);
      if (scan === undefined) problems.push(`${id} (${side}) is not among the scans`);
      else if (scan.patient !== patient)
        problems.push(`${id} (${side}) belongs to patient ${scan.patient}, not ${patient}`);
      else if (scan.class !== className)
        problems.push(`${id} (${side}) is of class ${scan.class}, not ${className}`);
      if (earlier !== undefined)
        problems.push(
          earlier === side ? `${id} stands twice in ${side}` : `${id} is in ${earlier} and in ${side}`,
        );
      sideOfScan.set(id, side);
      sidesOfPatient.set(patient, (sidesOfPatient.get(patient) ?? new Set<Side>()).add(side));
      if (scan?.contentHash !== undefined)
        sidesOfContent.set(
          scan.contentHash,
          (sidesOfContent.get(scan.contentHash) ?? new Map<Side, string>()).set(side, id),
        );
    }
  }
  for (const [patient, on] of sidesOfPatient)
    if (on.size > 1) problems.push(`patient ${patient} is in ${[...on].join(' and ')}: a leak`);
  for (const on of sidesOfContent.values())
    if (on.size > 1)
      problems.push(
        `${[...on.values()].join(' and ')} are the same scan, in ${[...on.keys()].join(' and ')}: a leak`,
      );
  if (problems.length > 0) throw new SplitError(problems);
}

/**
 * Refuses a split in which a class is missing from training or validation: it would never be learnt, or
 * never be measured.
 * Errors: SplitError with every such class.
 */
export function requireClassesOnSides({ classes, train, validation }: Split): void {
  const all = [...train, ...validation];
  const problems = classes.flatMap((name) =>
    (
      [
        ['training', train],
        ['validation', validation],
      ] as const
    )
      .filter(([, side]) => !side.some((entry) => entry.class === name))
      .map(([side]) => {
        const patients = new Set(all.filter((entry) => entry.class === name).map(({ patient }) => patient));
        const found = patients.size === 1 ? 'one patient' : `${patients.size} patients`;
        return `no scan of class ${name} on the ${side} side (${found} on both); a class needs a patient on each`;
      }),
  );
  if (problems.length > 0) throw new SplitError(problems);
}

/** The split without some scans, for example those that could not be read. */
export function withoutScans(split: Split, ids: ReadonlySet<string>): Split {
  const keep = (entries: readonly SplitEntry[]): SplitEntry[] => entries.filter(({ id }) => !ids.has(id));
  return { ...split, train: keep(split.train), validation: keep(split.validation), test: keep(split.test) };
}

export function entryOf({ id, patient, class: className }: SplitScan): SplitEntry {
  return { id, patient, class: className };
}

export function classesOf(scans: readonly SplitScan[]): string[] {
  return [...new Set(scans.map((scan) => scan.class))].sort(codeUnitOrder);
}

/** Patients joined over shared content, in an order that does not depend on the input's. */
function groupPatients(scans: readonly SplitScan[]): Group[] {
  const ids = new Set<string>();
  const above = new Map<string, string>();
  const rootOf = (patient: string): string => {
    let at = patient;
    for (let next = above.get(at); next !== undefined && next !== at; next = above.get(at)) at = next;
    return at;
  };
  const ownerOfContent = new Map<string, string>();
  for (const { id, patient, contentHash } of scans) {
    if (ids.has(id)) throw new SplitError([`the scan ${id} is given twice`]);
    ids.add(id);
    if (!above.has(patient)) above.set(patient, patient);
    if (contentHash === undefined) continue;
    const owner = ownerOfContent.get(contentHash);
    if (owner === undefined) ownerOfContent.set(contentHash, patient);
    else {
      const [first, second] = [rootOf(owner), rootOf(patient)].sort(codeUnitOrder);
      above.set(second!, first!);
    }
  }
  const members = new Map<string, SplitScan[]>();
  for (const scan of scans) {
    const root = rootOf(scan.patient);
    members.set(root, [...(members.get(root) ?? []), scan]);
  }
  return [...members]
    .map(([name, own]) => ({ name, scans: own, classes: classesOf(own) }))
    .sort((a, b) => codeUnitOrder(a.name, b.name));
}

/**
 * Each stratum (patients with the same classes) is shuffled and cut; what rounding leaves over is carried
 * to the next one.
 */
function place(
  groups: readonly Group[],
  shares: Readonly<Record<Side, number>>,
  seed: number,
): Map<Group, Side> {
  const strata = new Map<string, Group[]>();
  for (const group of groups) {
    const key = JSON.stringify(group.classes);
    strata.set(key, [...(strata.get(key) ?? []), group]);
  }
  const placed = new Map<Group, Side>();
  const carried = { validation: 0, test: 0 };
  for (const key of [...strata.keys()].sort(codeUnitOrder)) {
    const own = strata.get(key)!;
    const shuffled = generator(seed, 'split', key)
      .permutation(own.length)
      .map((i) => own[i]!);
    let at = 0;
    for (const side of ['validation', 'test'] as const) {
      const wanted = own.length * shares[side] + carried[side];
      const taken = Math.max(0, Math.min(own.length - at, Math.round(wanted)));
      carried[side] = wanted - taken;
      for (const group of shuffled.slice(at, at + taken)) placed.set(group, side);
      at += taken;
    }
    for (const group of shuffled.slice(at)) placed.set(group, 'train');
  }
  return placed;
}

/**
 * Moves single patients until each class with two patients or more stands on the training and the
 * validation side (with three or more, on the test side too) and no side is empty. Where patients with
 * several classes make that impossible, it comes as near as single moves do.
 */
function spread(groups: readonly Group[], placed: Map<Group, Side>, used: readonly Side[]): void {
  const classes = [...new Set(groups.flatMap((group) => group.classes))].sort(codeUnitOrder);
  const count = (side: Side | null, className: string | null): number =>
    groups.filter(
      (group) =>
        (side === null || placed.get(group) === side) &&
        (className === null || group.classes.includes(className)),
    ).length;
  /** Whether a side has a claim to a class: the test side comes last. */
  const entitled = (side: Side, className: string): boolean =>
    count(null, className) > Math.max(1, used.indexOf(side));
  /** Classes that a patient's side would lose, and has a claim to. */
  const harm = (group: Group): number => {
    const side = placed.get(group)!;
    return group.classes.filter((each) => count(side, each) === 1 && entitled(side, each)).length;
  };
  const moveOne = (to: Side, className: string | null): void => {
    const donors = groups
      .filter(
        (group) =>
          placed.get(group) !== to &&
          (className === null ? count(placed.get(group)!, null) > 1 : group.classes.includes(className)),
      )
      .map((group) => ({ group, harm: harm(group), size: count(placed.get(group)!, null) }))
      .filter((donor) => className === null || donor.harm === 0)
      .sort((a, b) => a.harm - b.harm || b.size - a.size || codeUnitOrder(a.group.name, b.group.name));
    const [best] = donors;
    if (best !== undefined) placed.set(best.group, to);
  };
  for (const className of classes) {
    for (const side of used)
      if (entitled(side, className) && count(side, className) === 0) moveOne(side, className);
  }
  for (const side of used) if (count(side, null) === 0) moveOne(side, null);
}
