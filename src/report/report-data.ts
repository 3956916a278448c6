/**
 * Everything the page shows, derived once from the run folder, so that no two places of the page can
 * disagree.
 */
import type { FrontRow } from './current-front.js';
import { currentFront } from './current-front.js';
import type { EpochRow } from './epoch-series.js';
import { epochSeries } from './epoch-series.js';
import type { HypervolumeSeries } from './hypervolume-series.js';
import { hypervolumeSeries } from './hypervolume-series.js';
import type { HistoryLine, Objective } from './run-files.js';
import type { RunFolder } from './run-folder.js';
import { measureNamed, objectivesOf, positiveClass } from './sections/settings.js';
import { withSizes } from './sizes.js';
import type { ConfusionMetrics, MajorityBaseline } from './summary.js';
import { bestIndividual, confusionMetrics, majorityBaseline } from './summary.js';

export interface PositiveClass {
  readonly name: string;
  /** Its row in a confusion matrix. */
  readonly index: number;
}

export interface ReportData {
  readonly run: RunFolder;
  readonly objectives: readonly Objective[];
  /** The measure called size, an objective or not. */
  readonly size: Objective;
  readonly positive: PositiveClass | null;
  readonly baseline: MajorityBaseline | null;
  readonly best: HistoryLine | null;
  readonly front: readonly FrontRow[];
  readonly epochs: readonly EpochRow[];
  readonly hypervolume: HypervolumeSeries | null;
  /** Different genotypes that were evaluated. */
  readonly architectures: number;
}

export function reportData(folder: RunFolder): ReportData {
  const { settings, split } = folder;
  const history = withSizes(folder.history, settings, split?.classes.length ?? null);
  const run: RunFolder = { ...folder, history };
  const objectives = objectivesOf(settings, run.front, history);
  const name = split === null ? null : positiveClass(settings, split.classes);
  return {
    run,
    objectives,
    size: measureNamed('size', objectives),
    positive: name === null || split === null ? null : { name, index: split.classes.indexOf(name) },
    baseline: split === null ? null : majorityBaseline(split),
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
  return line?.confusion == null ? null : confusionMetrics(line.confusion, data.positive?.index ?? null);
}
