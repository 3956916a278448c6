/** A real process with a tenth of a processor, where this host lets us make a control group. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ProcessorQuota } from '#emars/chaos/processor-quota.js';

let child: ChildProcess;
let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'emars-quota-'));
  child = spawn('sleep', ['600']);
});
afterEach(() => {
  child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

const groupsOf = (pid: number): string => readFileSync(`/proc/${pid}/cgroup`, 'utf8');

it('puts a process into a group with a limit, and back', async (context) => {
  const pid = child.pid!;
  const before = groupsOf(pid);
  const quota = await ProcessorQuota.on(pid);
  if (quota === null) {
    expect(groupsOf(pid)).toBe(before);
    return context.skip('this host lets us make no control group; emars chaos stops processes instead');
  }
  expect(groupsOf(pid)).toContain('/emars-chaos-');
  await quota.lift();
  expect(groupsOf(pid)).toBe(before);
});

it('says that it cannot where groups cannot be limited, and leaves the process where it was', async () => {
  // As a host without the controller: the hierarchy is there, a new group has no file for limits.
  mkdirSync(join(root, 'x'));
  writeFileSync(join(root, 'cgroup.procs'), '');
  const hierarchy = {
    root,
    limits: { 'cpu.max': '1 10' },
    none: ['cpu.max', 'max'],
    line: /^\d+:.*?:(.*)$/m,
  } as const;
  const before = groupsOf(child.pid!);
  expect(await ProcessorQuota.on(child.pid!, [hierarchy])).toBeNull();
  expect(await ProcessorQuota.on(child.pid!, [])).toBeNull();
  expect(groupsOf(child.pid!)).toBe(before);
});
