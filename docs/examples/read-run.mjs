// What a run has found, as a table for a spreadsheet: node docs/examples/read-run.mjs <folder> > run.csv
import { bestIndividual, readRun } from 'emars';

const folder = process.argv[2];
if (folder === undefined) throw new Error('expected the folder of a run');
const { record, history, front } = await readRun(folder);

const names = Object.keys(history[0]?.values ?? {});
console.log(['epoch', 'id', ...names, 'selected', 'on the front', 'genome'].join(','));
const onFront = new Set(front?.front.map(({ id }) => `${front.epoch} ${id}`));
for (const { epoch, id, values, selected, genome } of history)
  console.log(
    [
      epoch,
      id,
      ...names.map((name) => values[name] ?? ''), // A measurement that failed has no value.
      selected,
      onFront.has(`${epoch} ${id}`),
      genome.join(' '),
    ].join(','),
  );

const best = bestIndividual(history);
console.error(
  `${record.status} in ${record.timings.totalSeconds} s; best: ${best?.id} ${best?.values.accuracy}`,
);
