/** Our side of the data benchmark: a folder is opened with an empty cache, as a search does it; threads start within the time. */
import { createInterface } from 'node:readline';
import { openScanStore } from '#emars/scan/store/store.js';
import { type DataAnswer, type DataTask, SCAN } from './contest.js';

for await (const line of createInterface({ input: process.stdin })) {
  const { folder, out } = JSON.parse(line) as DataTask;
  const started = performance.now();
  const store = await openScanStore({
    root: folder,
    size: SCAN.size,
    cacheDir: out,
    threads: SCAN.workers,
  });
  const milliseconds = performance.now() - started;
  const means = store.scans.map(({ id }) => {
    const { data } = store.volume(id);
    return data.reduce((sum, value) => sum + value, 0) / data.length;
  });
  const answer: DataAnswer = { milliseconds, means };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
