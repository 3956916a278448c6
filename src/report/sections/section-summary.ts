/**
 * Head of the page: what was searched, what came out, and what a reader must be warned of.
 */
import type { Markup } from '../html.js';
import { html } from '../html.js';
import { counted, listed, NONE, percent, withUnit } from '../numbers.js';
import type { ReportData } from '../report-data.js';
import { metricsOf } from '../report-data.js';
import { wilsonInterval } from '../interval.js';
import { labelsShuffled, settingAt } from './settings.js';
import { leakingPatients } from './split-facts.js';
import { keyFigure } from './key-figure.js';

const STATUS = {
  running: 'The run is still going on, or was stopped without a word.',
  interrupted: 'The run was interrupted and can be resumed.',
  failed: 'The run has failed.',
} as const;

export function pageTitle(data: ReportData): string {
  return `${data.run.name}: search report`;
}

/** The run in one line, for the page and for its description. */
export function oneLine(data: ReportData): string {
  const { run, epochs, front, objectives } = data;
  const last = epochs.at(-1);
  if (last === undefined) return 'A search whose first evaluation is still to come.';
  const names = listed(objectives.map(({ name }) => name));
  return (
    `A search for ${names} over ${counted(last.epoch, 'epoch')}: ` +
    `${counted(run.history.length, 'evaluation')} of ` +
    `${counted(data.architectures, 'architecture')}, ${front.length} on the ` +
    `${run.record.status === 'finished' ? '' : 'present '}front.`
  );
}

/** Since when, and until when, objectives took part that were not there from the beginning. */
function guestSentences({ objectives, run }: ReportData): string[] {
  return [
    ...objectives.flatMap(({ name, direction, since }) =>
      since === undefined ? [] : [`${name} (${direction}) takes part since epoch ${since}.`],
    ),
    ...(run.front?.former ?? []).map(({ name, direction, since, until, reason }) =>
      until < since
        ? `${name} (${direction}) was left out: ${reason}.`
        : `${name} (${direction}) took part in epochs ${since} to ${until}: ${reason}.`,
    ),
  ];
}

function notices(data: ReportData): Markup[] {
  const { run, best, baseline } = data;
  const notice = (kind: 'alarm' | 'note', title: string, text: string): Markup =>
    html`<aside class="notice ${kind}"><strong>${title}</strong> ${text}</aside>`;
  const list: Markup[] = [];
  if (labelsShuffled(run.settings))
    list.push(
      notice(
        'alarm',
        'Negative control.',
        'The labels of the training and validation scans were permuted on purpose: there is nothing ' +
          'to learn, and an accuracy above chance would be a defect.',
      ),
    );
  if (settingAt(run.settings, 'evaluation.batchNorm') === 'batch')
    list.push(
      notice(
        'note',
        'Transductive evaluation.',
        'Batch normalisation used the statistics of the validation batch: the answer for a scan ' +
          'depends on its neighbours.',
      ),
    );
  const guests = guestSentences(data);
  if (guests.length > 0) list.push(notice('note', 'Objectives that joined the search.', guests.join(' ')));
  const leaks = run.split === null ? [] : leakingPatients(run.split);
  if (leaks.length > 0)
    list.push(
      notice(
        'alarm',
        'Leaking split.',
        `${counted(leaks.length, 'patient')} with scans on more than one side: ` +
          `${listed(leaks.slice(0, 5))}${leaks.length > 5 ? ' and more' : ''}. ` +
          'The accuracies are too high.',
      ),
    );
  if (run.record.status !== 'finished')
    list.push(
      notice(
        'note',
        STATUS[run.record.status],
        [
          ...(run.record.error === null ? [] : [`${run.record.error}.`]),
          `What follows is its state after epoch ${data.epochs.at(-1)?.epoch ?? 0}.`,
          ...(run.historyTorn ? ['The last history line was not complete and is left out.'] : []),
        ].join(' '),
      ),
    );
  if (run.front !== null && run.historySha256 !== null && run.front.history.sha256 !== run.historySha256)
    list.push(
      notice('alarm', 'Changed history.', 'history.jsonl is not the file that front.json was written for.'),
    );
  const accuracy = best?.values['accuracy'];
  if (accuracy !== undefined && baseline !== null && accuracy <= baseline.share)
    list.push(
      notice(
        'note',
        'Not above the majority.',
        `No individual of the last epoch is right more often than always answering “${baseline.class}”.`,
      ),
    );
  return list;
}

function keyFigures(data: ReportData): Markup {
  const { best, baseline, positive, size, run } = data;
  const metrics = metricsOf(best, data);
  const accuracy = best?.values['accuracy'];
  const bestSize = best?.values['size'];
  const scans = run.split?.validation.length;
  const interval = metrics === null ? null : wilsonInterval(metrics.correct, metrics.total);
  const sure =
    interval === null ? '' : `; 95 % interval ${percent(interval[0], 0)} to ${percent(interval[1], 0)}`;
  const share = (value: number | null | undefined): string => (value == null ? NONE : percent(value));
  const measuredOn = scans === undefined ? 'on D_val' : `of ${counted(scans, 'validation scan')}${sure}`;
  const majority = baseline === null ? 'no split yet' : `always “${baseline.class}”`;
  const recalled = positive === null ? 'no positive class named' : `recall of ${positive.name}`;
  return html`<dl class="key-figures">
    ${keyFigure('Best accuracy', share(accuracy), measuredOn)}
    ${keyFigure('Majority baseline', share(baseline?.share), majority)}
    ${keyFigure('Balanced accuracy', share(metrics?.balancedAccuracy), 'mean recall of the classes')}
    ${keyFigure('Sensitivity', share(metrics?.sensitivity), recalled)}
    ${keyFigure('Size', bestSize === undefined ? NONE : withUnit(bestSize, size), 'parameters, 4 bytes each')}
  </dl>`;
}

export function summarySection(data: ReportData): Markup {
  const { best } = data;
  return html`<header>
    <p class="kind">EMARS search report</p>
    <h1>${data.run.name}</h1>
    <p class="lead">${oneLine(data)}</p>
    ${notices(data)}
    ${
      best !== null &&
      html`${keyFigures(data)}
        <p class="fine">
          Figures of the best individual, <code>${best.id}</code>: highest accuracy in the last epoch, ties by
          lowest id. Accuracies are measured on the validation patients (D<sub>val</sub>) with the shared
          weights of the SuperNet. They rank architectures; they are no test results. The interval is Wilson’s
          and takes scans for independent.
        </p>`
    }
  </header>`;
}
