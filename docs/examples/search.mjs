// A search with an objective of one's own, watched while it runs: node docs/examples/search.mjs [folder]
import { search } from 'emars';

const run = search({
  config: 'configs/smoke.yaml',
  options: {
    seed: 7,
    objectives: [
      'accuracy',
      { name: 'memory', direction: 'min', module: new URL('memory.mjs', import.meta.url) },
    ],
  },
  out: process.argv[2] ?? 'runs/memory',
});

let epoch = 0;
for await (const event of run.events) {
  if (event.kind === 'providing' && !event.passing) console.log(event.text);
  if (event.kind === 'note') console.log(event.text);
  if (event.kind === 'status' && event.epoch > epoch) {
    epoch = event.epoch;
    console.log(`epoch ${epoch} of ${event.epochs}; best accuracy so far: ${event.bestAccuracy ?? 'none'}`);
  }
}

const { front, report } = await run.result;
for (const { values, genome } of front.front)
  console.log(values.accuracy, `${values.memory?.toFixed(2)} MB`, genome.join(' '));
console.log(report);
