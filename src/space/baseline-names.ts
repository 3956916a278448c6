/**
 * The networks designed by hand that searched ones are compared with (paper section V-B), by name: those of
 * the paper's Table IV, then a small one of each family for CPUs. What they are made of: `network/baselines`.
 */
export const BASELINE_NAMES = [
  'resnet3d-101',
  'densenet3d-121',
  'mc3-18',
  'resnet3d-small',
  'densenet3d-small',
  'mc3-small',
] as const;

export type BaselineName = (typeof BASELINE_NAMES)[number];

const isBaseline = (name: string): name is BaselineName => BASELINE_NAMES.some((known) => known === name);

/** The baseline that a member of a cohort names; null for a genome. */
export function baselineOf(member: readonly string[]): BaselineName | null {
  const [name] = member;
  return member.length === 1 && name !== undefined && isBaseline(name) ? name : null;
}
