/**
 * The supervisor of our own broker: a small process between us and nats-server (its main file; started by
 * own-broker.ts).
 *
 * Why a process: a kill -9 runs no clean-up code, so another process must see the death and end the server.
 * The supervisor holds one end of an IPC channel; the kernel closes it when the owner dies, however it dies.
 * And the server must come back on the same port when it dies alone: the supervisor is its parent, so it
 * knows at once. It is in its own session: a Ctrl-C for the owner does not take the broker away before the
 * owner has closed its buses, and a kill of the owner's whole group leaves the supervisor to clean up.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { SupervisorOrder, SupervisorReport } from './broker-protocol.js';
import { readServerInfo } from '../bus/server-info.js';

const READY_MS = 10_000;
const BACK_OFF_MS = [100, 200, 500, 1000, 2000, 5000];
/** A store that made the server fail this often in a row is taken for damaged and emptied. */
const FAILURES_BEFORE_WIPE = 2;
const STOP_MS = 3000;
const OWNER_POLL_MS = 500;

type Start = Extract<SupervisorOrder, { type: 'start' }>;

const owner = process.ppid;
let server: ChildProcess | null = null;
let stopping = false;
let wipeNext = false;

/** A function, as the answer changes behind an await. */
function isStopping(): boolean {
  return stopping;
}

function tell(report: SupervisorReport): void {
  if (process.connected) process.send?.(report);
}

/** The owner is gone: ends everything at once. */
function endAll(): never {
  stopping = true;
  server?.kill('SIGKILL');
  process.exit(1);
}

function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined)
    return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
}

/** What the server wrote to the log since `from`, at most the last 4 KiB. */
function logSince(log: number, from: number): string {
  const size = fstatSync(log).size;
  const start = Math.max(from, size - 4096);
  const bytes = Buffer.alloc(Math.max(0, size - start));
  readSync(log, bytes, 0, bytes.byteLength, start);
  return bytes.toString('utf8');
}

/** Waits until our server (by name) answers with JetStream; false if it exits or takes too long. */
async function becomesReady(child: ChildProcess, { host, port, serverName }: Start): Promise<boolean> {
  const end = performance.now() + READY_MS;
  while (
    performance.now() < end &&
    child.exitCode === null &&
    child.signalCode === null &&
    child.pid !== undefined
  ) {
    const info = await readServerInfo(port, 1000, host);
    if (info?.serverName === serverName) return info.jetstream;
    await wait(20);
  }
  return false;
}

async function supervise(order: Start): Promise<void> {
  let starts = 0;
  let failures = 0;
  while (!isStopping()) {
    const wiped = wipeNext;
    wipeNext = false;
    if (wiped) rmSync(order.store, { recursive: true, force: true });
    const log = openSync(order.logFile, 'a+', 0o600);
    const from = fstatSync(log).size;
    const child = spawn(order.binary, ['-c', order.configFile], { stdio: ['ignore', log, log], env: {} });
    let spawnError = '';
    child.on('error', (error) => (spawnError = error.message));
    server = child;
    if (child.pid !== undefined) tell({ type: 'spawned', pid: child.pid });
    const ready = await becomesReady(child, order);
    if (ready && child.pid !== undefined) {
      failures = 0;
      starts++;
      tell({ type: 'ready', pid: child.pid, starts, wiped });
    } else {
      child.kill('SIGKILL');
      failures++;
    }
    await exited(child);
    const said = logSince(log, from);
    closeSync(log);
    if (isStopping()) break;
    const portTaken = said.includes('address already in use');
    if (failures >= FAILURES_BEFORE_WIPE && !portTaken && spawnError === '') wipeNext = true;
    if (starts === 0 && (portTaken || spawnError !== '' || failures > FAILURES_BEFORE_WIPE)) {
      tell({
        type: 'failed',
        reason:
          spawnError || said.trim().split('\n').slice(-5).join('\n') || `no answer within ${READY_MS} ms`,
        portTaken,
      });
      break;
    }
    await wait(BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)]);
  }
  if (process.connected) process.disconnect();
  process.exit(0);
}

async function stop(): Promise<void> {
  stopping = true;
  const child = server;
  if (child !== null) {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited(child);
    clearTimeout(timer);
  }
  process.exit(0);
}

process.on('message', (order: SupervisorOrder) => {
  switch (order.type) {
    case 'start':
      void supervise(order);
      break;
    case 'restart':
      wipeNext = order.wipe;
      server?.kill('SIGKILL');
      break;
    case 'reload':
      server?.kill('SIGHUP');
      break;
    case 'stop':
      void stop();
      break;
  }
});
process.on('disconnect', endAll);
process.on('uncaughtException', endAll);
// The channel should suffice; the parent's id is looked at as well.
setInterval(() => {
  if (process.ppid !== owner) endAll();
}, OWNER_POLL_MS);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
