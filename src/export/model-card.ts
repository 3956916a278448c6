/**
 * A model card in Markdown (the sections of Mitchell et al. 2019, "Model cards for model reporting", as far
 * as `model.json` can fill them). What is not known is said to be missing, never left out.
 */
import type { ModelDocument } from '../model/schema.js';
import type { SeenScans } from '../model/seen-scans.js';
import { between } from '../model/seen-scans.js';
import { openingsRemark } from '../model/test-openings.js';
import type { ScoreName } from '../metrics/scores.js';
import { SCORE_NAMES } from '../metrics/scores.js';

const MEGABYTE = 2 ** 20;
const LABELS: Readonly<Record<ScoreName, string>> = {
  accuracy: 'accuracy',
  balancedAccuracy: 'balanced accuracy',
  precision: 'precision',
  sensitivity: 'sensitivity',
  specificity: 'specificity',
  f1: 'F1',
  auc: 'AUC (macro, one against rest)',
  aucPositive: 'AUC of the positive class',
  ece: 'expected calibration error',
  brier: 'Brier score',
};

type Report = NonNullable<ModelDocument['metrics']['test']>;

/** The card, with a line end. Equal models give equal cards. */
export function modelCard(document: ModelDocument): string {
  const { architecture, input, classes, positive, preprocessing, training, data, temperature } = document;
  const { window, mean, std } = preprocessing;
  const name = architecture.kind === 'baseline' ? architecture.baseline : 'a network found by a search';
  const { parameters } = document.weights;
  const remark = openingsRemark(document);
  const sections: readonly (readonly [string, readonly string[]])[] = [
    [
      'Model',
      [
        `- ${name}: ${parameters} parameters, ${((4 * parameters) / MEGABYTE).toFixed(2)} MB.`,
        ...(architecture.kind === 'path' ? [`- Blocks: ${architecture.genome.map(code).join(', ')}.`] : []),
        `- Input: one CT scan as ${input.slices} slices of ${input.size} x ${input.size} pixels; ` +
          `slices chosen evenly, pixels by area average${middleOf(input.crop)}.`,
        `- Intensities: Hounsfield units from ${window.low} to ${window.high} become 0 to 1, ` +
          `then (x - ${mean}) / ${std}.`,
        `- Output: logits of ${classes.map(code).join(', ')}, in this order; ${
          temperature === null
            ? 'not calibrated'
            : `probabilities are softmax(logits / ${temperature}), fitted on the validation side`
        }.`,
        `- Weights: SHA-256 \`${document.weights.sha256}\`.`,
      ],
    ],
    [
      'Training data',
      [
        `- Scans: ${data.training} training, ${data.validation} validation, ${data.test} test; ` +
          'no patient on two sides.',
        `- Split file: ${data.splitSha256 === null ? 'none recorded' : `SHA-256 \`${data.splitSha256}\``}.`,
        `- ${training.epochs} epochs, seed ${training.seed}; weights of ${
          training.chosenEpoch === null
            ? 'the last epoch'
            : `epoch ${training.chosenEpoch}, chosen on validation`
        }.`,
        ...seenLines(data.seen),
        '- Where the scans come from, and whom they show: to be filled in by the one who trained the model.',
      ],
    ],
    [
      'Figures on the test side',
      [
        ...figures(document.metrics.test, classes, positive, TEST_MISSING),
        ...(remark === null ? [] : ['', `**Read with care:** ${remark}.`]),
      ],
    ],
    ['Figures on the validation side', figures(document.metrics.validation, classes, positive, MISSING)],
    [
      'Intended use',
      [
        'Research on methods. **Not a medical device**: not for diagnosis, triage or treatment of any person.',
      ],
    ],
    [
      'Limits',
      [
        '- Figures hold for scans like the training data. Other scanners, kernels, slice spacing, countries or ' +
          'mixtures of diseases can make them worse. `emars predict` warns of sizes, spacing and intensities ' +
          'outside the ranges above; an exported file does not, and nothing tells another disease or country.',
        '- It always answers one of its classes, also for a scan that shows something else or is no chest CT.',
        '- A heat map shows what the answer rests on in the last layer, not where the disease is.',
        '- Not examined: figures by age, sex, origin or scanner.',
        '- Validation figures chose the architecture, the epoch and the temperature; they flatter the model.',
      ],
    ],
  ];
  return ['# Model card', ...sections.map(([title, lines]) => `## ${title}\n\n${lines.join('\n')}`)]
    .join('\n\n')
    .concat('\n');
}

function seenLines(seen: SeenScans | undefined): string[] {
  if (seen === undefined) return ['- Sizes and spacing of the training scans: not recorded.'];
  const { slices, height, width, spacing, intensity } = seen;
  const apart =
    spacing === null
      ? 'spacing unknown'
      : `${between(spacing.slices)} mm apart, pixels of ${between(spacing.pixels)} mm`;
  return [
    `- Training scans had ${between(slices)} slices, ${apart}, of ${between(width)} x ${between(height)} pixels; ` +
      `mean intensity ${between(intensity)} of the window.`,
  ];
}

const TEST_MISSING = 'The test side was not opened. There is no figure that the model was not chosen by.';
const MISSING = 'None recorded.';

function figures(
  report: Report | null,
  classes: readonly string[],
  positive: string | null,
  missing: string,
): string[] {
  if (report === null) return [missing];
  const rows = SCORE_NAMES.map((score) => {
    const value = report[score];
    const interval = report.intervals[score];
    const between = interval === null ? '–' : `${interval.low.toFixed(3)} to ${interval.high.toFixed(3)}`;
    return `| ${LABELS[score]} | ${value === null ? '–' : value.toFixed(3)} | ${between} |`;
  });
  const confusion = report.confusion.map((row, index) => `| ${code(classes[index]!)} | ${row.join(' | ')} |`);
  return [
    `${report.n} scans of ${report.patients} patients; intervals by bootstrap over patients. ` +
      (positive === null ? 'No positive class was named.' : `Positive class: ${code(positive)}.`),
    '',
    '| figure | value | interval |',
    '|---|---|---|',
    ...rows,
    '',
    `| true class | ${classes.map((each) => `called ${code(each)}`).join(' | ')} |`,
    `|---${'|---'.repeat(classes.length)}|`,
    ...confusion,
  ];
}

/** A name as code: it may hold characters that Markdown reads. */
function code(name: string): string {
  return `\`${name.replace(/[`|\r\n]/g, ' ')}\``;
}

const middleOf = (crop: number): string =>
  crop === 1 ? '' : `, of the middle ${(100 * crop).toFixed(1)} % of each side of a slice`;
