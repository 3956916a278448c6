/**
 * What the kernel says about a process: is it the one we mean, and how much memory did it need?
 *
 * A process id alone is no identity: ids are used again. Id and start time together are one (until the
 * next boot). Read from /proc (Linux); elsewhere the start time is unknown and only the id counts.
 */
import { readFileSync } from 'node:fs';

/** Fields of /proc/<pid>/stat after the command, which may itself hold spaces and brackets. */
function statFields(pid: number): string[] | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/**
 * Start time of process `pid` in clock ticks since boot, as text; undefined where there is no such
 * process, or only its remains (a zombie), or no /proc.
 */
export function processStartTime(pid: number): string | undefined {
  const fields = statFields(pid);
  const state = fields?.[0];
  return state === undefined || state === 'Z' || state === 'X' ? undefined : fields?.[19];
}

/** True if `pid` runs and is the process that started at `startTime` (as given by processStartTime). */
export function isSameProcess(pid: number, startTime: string | undefined): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (processStartTime(process.pid) !== undefined) {
    const now = processStartTime(pid);
    return now !== undefined && (startTime === undefined || now === startTime);
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * The most memory (resident, bytes) process `pid` ever held; undefined if it is gone or there is no /proc.
 */
export function peakMemory(pid: number): number | undefined {
  try {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match?.[1] === undefined ? undefined : Number(match[1]) * 1024;
  } catch {
    return undefined;
  }
}

/** Identity of this boot of the machine; undefined where there is no /proc. */
export function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return undefined;
  }
}
