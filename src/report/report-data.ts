/**
 * Everything the page shows, derived once from the run folder, so that no two places of the page can
 * disagree.
 */
import type { FrontRow } from './current-front.js';
import { currentFront } from './current-front.js';
import type { EpochSummary } from './epoch-series.js';
import { epochSeries } from './epoch-series.js';
import type { HypervolumeSeries } from './hypervolume-series.js';
import { hypervolumeSeries } from './hypervolume-series.js';
import type { Measure } from '../run/front.js';
import type { HistoryLine } from '../run/history.js';
import { bestIndividual } from '../run/best.js';
import type { RunContents } from '../run/contents.js';
import type { Majority } from '../run/majority.js';
import { validationMajority } from '../run/majority.js';
import { measureNamed, objectivesOf, positiveClass } from './sections/settings.js';
import { withSizes } from './sizes.js';
import type { ConfusionMetrics } from './summary.js';
import { confusionMetrics } from './summary.js';

export interface PositiveClass {
  readonly name: string;
  /** Its row in a confusion matrix. */
  readonly index: number;
}

export interface ReportData {
  readonly run: RunContents;
  readonly objectives: readonly Measure[];
  /** The measure called size, an objective or not. */
  readonly size: Measure;
  readonly positive: PositiveClass | null;
  readonly baseline: Majority | null;
  readonly best: HistoryLine | null;
  readonly front: readonly FrontRow[];
  readonly epochs: readonly EpochSummary[];
  readonly hypervolume: HypervolumeSeries | null;
  /** Different genotypes that were evaluated. */
  readonly architectures: number;
}

export function reportData(contents: RunContents): ReportData {
  const { settings, split } = contents;
  const history = withSizes(contents.history, settings, split?.classes.length ?? null);
  const run: RunContents = { ...contents, history };
  const objectives = objectivesOf(settings, run.front, history);
  const name = split === null ? null : positiveClass(settings, split.classes);
  return {
    run,
    objectives,
    size: measureNamed('size', objectives),
    positive: name === null || split === null ? null : { name, index: split.classes.indexOf(name) },
    baseline: split === null ? null : validationMajority(split),
    best: bestIndividual(history),
    front: currentFront(run.front, history, objectives),
    epochs: epochSeries(history),
    hypervolume: hypervolumeSeries(history, objectives),
    architectures: new Set(history.map((line) => line.id)).size,
  };
}

/** Metrics of a line's confusion matrix, if it has one. */
export function metricsOf(
  line: HistoryLine | null,
  data: Pick<ReportData, 'positive'>,
): ConfusionMetrics | null {
  const confusion = line?.confusion ?? null;
  return confusion === null ? null : confusionMetrics(confusion, data.positive?.index ?? null);
}
