// A search that is stopped once its second epoch is at work, and gone on with: node docs/examples/resume.mjs [folder]
import { resume, search } from 'emars';

const out = process.argv[2] ?? 'runs/resumed';
const stop = new AbortController();
const first = search({ config: 'configs/smoke.yaml', out, signal: stop.signal });
try {
  for await (const event of first.events)
    if (event.kind === 'status' && event.epoch === 2) stop.abort(new Error('enough for today'));
} catch (error) {
  // The program that stops a run gets the reason back; anything else is a failure of the run.
  if (error !== stop.signal.reason) throw error;
  console.log(`stopped: ${error.message}`);
}

// Another process, another day, another number of trainers: the front is that of a run without a stop.
const second = resume(out, { trainers: 1 });
const epochs = new Set();
for await (const event of second.events)
  if (event.kind === 'status' && event.epoch > 0) epochs.add(event.epoch);
console.log(`went on with epochs ${[...epochs].join(', ')}`);
console.log(`${(await second.result).front.front.length} networks on the front`);
