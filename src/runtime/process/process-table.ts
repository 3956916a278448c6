/**
 * What the kernel says about a process: is it the one we mean, and how much memory did it need?
 *
 * A process id alone is no identity: ids are used again. Id and start time together are one (until the
 * next boot). Read from /proc (Linux); elsewhere the start time is unknown and only the id counts.
 */
import { readFileSync } from 'node:fs';

/** Fields of /proc/<pid>/stat after the command, which may itself hold spaces and brackets. */
function statFields(pid: number): string[] | null {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/**
 * Start time of process `pid` in clock ticks since boot, as text; null where there is no such
 * process, or only its remains (a zombie), or no /proc.
 */
export function processStartTime(pid: number): string | null {
  const [state, ...fields] = statFields(pid) ?? ['X'];
  return state === 'Z' || state === 'X' ? null : (fields[18] ?? null);
}

/** True if `pid` runs and is the process that started at `startTime` (as given by processStartTime). */
export function isSameProcess(pid: number, startTime: string | null): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (processStartTime(process.pid) !== null) {
    const now = processStartTime(pid);
    return now !== null && (startTime === null || now === startTime);
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** True while process `pid` is stopped by a signal; false where it is gone or there is no /proc. */
export function isStopped(pid: number): boolean {
  return statFields(pid)?.[0] === 'T';
}

/** The most memory (resident, bytes) process `pid` ever held; null if it is gone or there is no /proc. */
export function peakMemory(pid: number): number | null {
  return memoryField(pid, 'VmHWM');
}

/** The memory (resident, bytes) that process `pid` holds now; null if it is gone or there is no /proc. */
export function residentMemory(pid: number): number | null {
  return memoryField(pid, 'VmRSS');
}

/** Processor time of process `pid` so far, with its threads, in seconds; null if it is gone or there is no /proc. */
export function processorSeconds(pid: number): number | null {
  const [, ...fields] = statFields(pid) ?? [];
  const [user, system] = [Number(fields[10]), Number(fields[11])];
  return Number.isFinite(user + system) ? (user + system) / CLOCK_TICKS : null;
}

/** Clock ticks of /proc a second: the same on every Linux that Node runs on. */
const CLOCK_TICKS = 100;

function memoryField(pid: number, field: 'VmHWM' | 'VmRSS'): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status);
    return match?.[1] === undefined ? null : Number(match[1]) * 1024;
  } catch {
    return null;
  }
}

/** Identity of this boot of the machine; null where there is no /proc. */
export function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}
