import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { watchForStops } from '#emars/actors/parent/stopped-watch.js';
import { isStopped } from '#emars/runtime/process/process-table.js';
import { until } from '../../support/until.js';

it('a process that is stopped is told of once it stays so; one that runs, or was woken in between, is not', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
  const pid = child.pid!;
  let told = 0;
  const watch = watchForStops(
    () => pid,
    () => {
      told++;
    },
  );
  try {
    expect(isStopped(pid)).toBe(false);
    child.kill('SIGSTOP');
    await until(() => isStopped(pid));
    child.kill('SIGCONT');
    await until(() => !isStopped(pid));
    expect(told).toBe(0);
    child.kill('SIGSTOP');
    await until(() => told > 0);
    expect(isStopped(pid)).toBe(true);
  } finally {
    watch.close();
    child.kill('SIGKILL');
  }
});
