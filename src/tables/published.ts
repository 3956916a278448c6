/**
 * Figures that the paper states of its own networks (He et al. 2021, arXiv:2101.10667v1), on Clean-CC-CCII.
 *
 * Only what its running text says can be checked, so only that stands here: sizes of the baselines and of
 * EMARS-E (abstract), accuracy of EMARS-A and its gains over the baselines (section VI), the best sensitivity
 * (section I) and whose it is (section VI). What is absent is null, never a guess.
 */
import type { ColumnName } from './table.js';

export interface PublishedFigure {
  readonly value: number;
  /** Worked out from what the text says, not printed there. */
  readonly derived: boolean;
}

export interface PublishedNetwork {
  readonly network: string;
  readonly figures: Readonly<Partial<Record<ColumnName, PublishedFigure>>>;
}

const stated = (value: number): PublishedFigure => ({ value, derived: false });

/** Accuracy of EMARS-A as a share. */
const EMARS_A = 0.8967;

const workedOut = (value: number): PublishedFigure => ({ value, derived: true });

/**
 * "Surpasses … by 4.83%, 3.05%, and 4.07%": ratios, as the percentages of size in the same paragraph are
 * (3.39 MB is 98.96 % smaller than 325.21 MB).
 */
const surpassed = (gain: number): PublishedFigure =>
  workedOut(Math.round((EMARS_A / (1 + gain)) * 1e4) / 1e4);

const NETWORKS: readonly PublishedNetwork[] = [
  { network: 'ResNet3D-101', figures: { size: stated(325.21), accuracy: surpassed(0.0483) } },
  { network: 'DenseNet3D-121', figures: { size: stated(43.06), accuracy: surpassed(0.0305) } },
  { network: 'MC3-18', figures: { size: stated(43.84), accuracy: surpassed(0.0407) } },
  { network: 'EMARS-A', figures: { accuracy: stated(EMARS_A) } },
  { network: 'EMARS-B', figures: {} },
  // Section I says 89.74 % of "our method", section VI that C's is the best: no sentence says both.
  { network: 'EMARS-C', figures: { sensitivity: workedOut(0.8974) } },
  { network: 'EMARS-D', figures: {} },
  { network: 'EMARS-E', figures: { size: stated(3.39) } },
];

/** The data set of all of them but Table V's. */
export const PUBLISHED_DATA = 'Clean-CC-CCII';

/** Networks by the names of the paper's tables; null for a name that is none of them. */
export function published(network: string): PublishedNetwork | null {
  return NETWORKS.find((one) => one.network === network) ?? null;
}
