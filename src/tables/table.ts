/** A table as data: rows of cells, each with its interval and the number of scans it rests on. */

/** In the order of the paper's columns; AUC is ours. */
export const COLUMN_NAMES = ['size', 'accuracy', 'precision', 'sensitivity', 'f1', 'auc'] as const;
export type ColumnName = (typeof COLUMN_NAMES)[number];

export interface Cell {
  /** MB of 2^20 bytes for `size`, else a share in [0, 1]. */
  readonly value: number;
  /** 95 % interval by patient; null where there is none. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** Scans that the figure is a share of; null where that says nothing, or is not known. */
  readonly n: number | null;
  /** Worked out from what the paper says, not printed there. */
  readonly derived: boolean;
}

export interface Row {
  /** The paper's name of the network, or our own. */
  readonly network: string;
  /** "paper", or "ours" with the name of what was given. */
  readonly source: string;
  /** Which scans: name of the data set and side of the split. */
  readonly data: string;
  /** Null: not defined, or not known. */
  readonly cells: Readonly<Record<ColumnName, Cell | null>>;
  /** DeLong's test of the AUC against the first model named; null where they cannot be compared. */
  readonly comparison: { readonly against: string; readonly z: number | null; readonly p: number } | null;
}

export interface Table {
  /** Roman, as in the paper. */
  readonly number: 'II' | 'III' | 'IV' | 'V';
  readonly title: string;
  readonly rows: readonly Row[];
  /** Remarks below, a line each. */
  readonly notes: readonly string[];
}

/** Heads of the columns before those of `COLUMN_NAMES`. */
export const LEADING = ['network', 'source', 'scans'] as const;

const HEADS: Readonly<Record<ColumnName, string>> = {
  size: 'size (MB)',
  accuracy: 'accuracy (%)',
  precision: 'precision (%)',
  sensitivity: 'sensitivity (%)',
  f1: 'F1 (%)',
  auc: 'AUC (%)',
};

/** Shown where a figure does not exist. */
const ABSENT = '–';

/** A cell for people: "87.5 [81.2, 92.9] n=48". */
function cellText(column: ColumnName, cell: Cell | null): string {
  if (cell === null) return ABSENT;
  const { value, interval, n, derived } = cell;
  if (column === 'size') return value.toFixed(2);
  const percent = (share: number, digits: number): string => (100 * share).toFixed(digits);
  // The paper prints two decimals; ours, on fewer scans, would promise too much with them.
  const text = `${derived ? '≈' : ''}${percent(value, n === null ? 2 : 1)}`;
  const range = interval === null ? '' : ` [${percent(interval.low, 1)}, ${percent(interval.high, 1)}]`;
  return `${text}${range}${n === null ? '' : ` n=${n}`}`;
}

/** All cells of a row as text, in the order of the heads. */
export function rowTexts(row: Row): string[] {
  return [
    row.network,
    row.source,
    row.data,
    ...COLUMN_NAMES.map((column) => cellText(column, row.cells[column])),
  ];
}

export const headTexts = (): string[] => [...LEADING, ...COLUMN_NAMES.map((column) => HEADS[column])];
