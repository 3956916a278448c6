/** The paper's tables II to V from entries: ours under the paper's, network by network. */
import type { Comparison } from './compare.js';
import { comparisons, comparisonText } from './compare.js';
import type { Entry, Experiment } from './entry.js';
import { PUBLISHED_DATA, published } from './published.js';
import type { Cell, ColumnName, Row, Table } from './table.js';
import { COLUMN_NAMES } from './table.js';

const BASELINES = ['ResNet3D-101', 'DenseNet3D-121', 'MC3-18'];
const emars = (experiments: readonly Experiment[]): string[] => experiments.map((one) => `EMARS-${one}`);

interface Plan extends Pick<Table, 'number' | 'title'> {
  /** The paper's rows, in its order. */
  readonly networks: readonly string[];
  /** Entries under names that the paper does not have, behind. */
  readonly others: (entry: Entry) => boolean;
  /** What the paper says in words. */
  readonly said: readonly string[];
}

const none = (): boolean => false;

const PLANS: readonly Plan[] = [
  {
    number: 'II',
    title: 'Searches with other objectives of size: accuracy alone (A), and large (B), and small models (C)',
    networks: emars(['A', 'B', 'C']),
    others: none,
    said: ['paper: EMARS-B is the largest of the three, with the lowest accuracy, sensitivity and F1'],
  },
  {
    number: 'III',
    title: 'Searches with and without potential: accuracy (A), potential (D), both and small models (E)',
    networks: emars(['A', 'D', 'E']),
    others: none,
    said: ['paper: EMARS-E has the smallest size, and higher precision, sensitivity and F1 than A and D'],
  },
  {
    number: 'IV',
    title: 'Searched networks and baselines designed by hand',
    networks: [...BASELINES, ...emars(['A', 'B', 'C', 'D', 'E'])],
    others: ({ transfer }) => !transfer,
    said: [
      'paper: all EMARS networks are better than the baselines; sizes from 3.39 to 20.61 MB; ' +
        'EMARS-A has the highest accuracy, C the highest sensitivity, E the highest precision and F1',
    ],
  },
  {
    number: 'V',
    title: 'Transfer: architectures trained anew on other scans',
    networks: [],
    others: ({ transfer }) => transfer,
    said: ['paper: EMARS-B and EMARS-C on MosMedData (256 x 256 x 40) and COVID-CTset (512 x 512 x 32)'],
  },
];

/** All four tables; one without an entry of ours has the paper's rows alone. */
export function assembleTables(entries: readonly Entry[]): Table[] {
  const tests = comparisons(entries.map(({ predicted }) => predicted));
  return PLANS.map(({ number, title, networks, others, said }): Table => {
    const here = entries.filter(({ transfer }) => !transfer);
    const named = networks.map((network) => ({
      network,
      ours: here.filter((entry) => entry.network === network),
    }));
    const rest = entries.filter((entry) => others(entry) && !networks.includes(entry.network));
    const shown = [...named.flatMap(({ ours }) => ours), ...rest];
    // Comparisons stand where all models of the same scans do.
    const compared = number === 'IV' ? tests : [];
    const rowOf = (entry: Entry): Row => ourRow(entry, compared);
    const rows = [
      ...named.flatMap(({ network, ours }) => [paperRow(network), ...ours.map(rowOf)]),
      ...rest.map(rowOf),
    ];
    const derived = rows.some(({ cells }) => COLUMN_NAMES.some((name) => cells[name]?.derived === true));
    return {
      number,
      title,
      rows,
      notes: [
        ...shown.flatMap(({ notes }) => notes),
        ...compared.map(comparisonText),
        ...said,
        ...(derived ? ['≈: worked out from what the text of the paper says'] : []),
      ],
    };
  });
}

/** What the columns and brackets mean; the same for all tables. */
export const LEGEND = [
  'In brackets: 95 % interval, bootstrap by patient. n: scans that the figure is a share of.',
  'paper: He et al. 2021, arXiv:2101.10667, as far as its text says; other scans than ours unless named so.',
] as const;

function paperRow(network: string): Row {
  const figures = published(network)?.figures ?? {};
  const cell = (name: ColumnName): Cell | null => {
    const figure = figures[name];
    return figure === undefined ? null : { ...figure, interval: null, n: null };
  };
  return { network, source: 'paper', data: PUBLISHED_DATA, cells: cellsBy(cell), comparison: null };
}

function ourRow({ network, name, data, cells, predicted }: Entry, compared: readonly Comparison[]): Row {
  const found = compared.find(({ second }) => second === predicted);
  const comparison = found === undefined ? null : { against: found.first.name, z: found.z, p: found.p };
  return { network, source: `ours: ${name}`, data, cells, comparison };
}

function cellsBy(cell: (name: ColumnName) => Cell | null): Record<ColumnName, Cell | null> {
  return Object.fromEntries(COLUMN_NAMES.map((name) => [name, cell(name)])) as Record<
    ColumnName,
    Cell | null
  >;
}
