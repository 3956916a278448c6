import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { WallClock } from '#emars/chaos/wall-clock.js';

const run = promisify(execFile);
const HOUR_MS = 3_600_000;
/** More than a process takes to start on a crowded machine, and less than an hour. */
const TOLERANCE_MS = HOUR_MS / 2;
const folder = await mkdtemp(join(tmpdir(), 'emars-clock-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a process, its worker thread and its child hold for the time. */
const SCRIPT = `
const { Worker } = require('node:worker_threads');
const { execFileSync } = require('node:child_process');
const own = [Date.now(), new Date().getTime(), Date.parse(Date())];
const child = Number(execFileSync(process.execPath, ['-p', 'Date.now()'], { encoding: 'utf8' }));
const text = 'import { parentPort } from "node:worker_threads"; parentPort.postMessage(Date.now());';
const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(text)));
worker.on('message', (time) => console.log(JSON.stringify([...own, child, time])));
`;

it.each([HOUR_MS, -HOUR_MS, 0])(
  'a clock off by %d ms is off for a process, its threads and its children',
  async (off) => {
    const clock = await WallClock.at(join(folder, 'clock'));
    await clock.jump(off);
    const { stdout } = await run(process.execPath, ['-e', SCRIPT], {
      env: { ...process.env, ...clock.environment },
    });
    const times = JSON.parse(stdout) as number[];
    expect(times).toHaveLength(5);
    for (const time of times) expect(Math.abs(time - Date.now() - off)).toBeLessThan(TOLERANCE_MS);
  },
);

it('leaves other dates alone', async () => {
  const clock = await WallClock.at(join(folder, 'clock'));
  await clock.jump(HOUR_MS);
  const script = `const d = new Date(5); console.log(d.getTime(), d instanceof Date, Date.UTC(1970, 0, 1), new Date(2020, 1).getMonth())`;
  const { stdout } = await run(process.execPath, ['-e', script], {
    env: { ...process.env, ...clock.environment },
  });
  expect(stdout.trim()).toBe('5 true 0 1');
});
