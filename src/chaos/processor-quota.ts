/**
 * A tenth of a processor for one process, by a control group of its own: as a container that was given too
 * little. Wants the right to make groups, which root has where the hierarchy is not read-only.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Microseconds. */
const PERIOD = 100_000;
const QUOTA = PERIOD / 10;

/** A hierarchy of groups that limits processors: where it is mounted, what limits, and what lifts the limit. */
interface Hierarchy {
  readonly root: string;
  readonly limits: Readonly<Record<string, string>>;
  readonly none: readonly [file: string, text: string];
  /** Of /proc/PID/cgroup. */
  readonly line: RegExp;
}

const V2: Hierarchy = {
  root: '/sys/fs/cgroup',
  limits: { 'cpu.max': `${QUOTA} ${PERIOD}` },
  none: ['cpu.max', 'max'],
  line: /^0::(.*)$/m,
};
const V1: Hierarchy = {
  root: '/sys/fs/cgroup/cpu',
  limits: { 'cpu.cfs_period_us': String(PERIOD), 'cpu.cfs_quota_us': String(QUOTA) },
  none: ['cpu.cfs_quota_us', '-1'],
  line: /^\d+:(?:[^:]*,)?cpu(?:,[^:]*)?:(.*)$/m,
};

export class ProcessorQuota {
  private constructor(
    private readonly pid: number,
    private readonly hierarchy: Hierarchy,
    /** Where the process was, from the root. */
    private readonly before: string,
  ) {}

  /** From now on `pid` has a tenth of a processor. Null where this host lets us have no group, or `pid` is gone. */
  static async on(pid: number, hierarchies: readonly Hierarchy[] = [V2, V1]): Promise<ProcessorQuota | null> {
    for (const hierarchy of hierarchies) {
      const { root, limits } = hierarchy;
      if (!existsSync(join(root, 'cgroup.procs'))) continue;
      const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
      const before = hierarchy.line.exec(groups)?.[1];
      if (before === undefined) continue;
      const quota = new ProcessorQuota(pid, hierarchy, before);
      const { group } = quota;
      try {
        await mkdir(group, { recursive: true });
        for (const [file, text] of Object.entries(limits)) await put(join(group, file), text);
        await put(join(group, 'cgroup.procs'), String(pid));
        return quota;
      } catch {
        await quota.lift();
      }
    }
    return null;
  }

  /** The process goes back to where it was; where it may not, its group has no limit any more. */
  async lift(): Promise<void> {
    const { group, hierarchy, before } = this;
    const [file, text] = hierarchy.none;
    await put(join(group, file), text).catch(() => undefined);
    await put(join(hierarchy.root, before, 'cgroup.procs'), String(this.pid)).catch(() => undefined);
    await rmdir(group).catch(() => undefined);
  }

  private get group(): string {
    return join(this.hierarchy.root, `emars-chaos-${process.pid}`);
  }
}

/** Into a file that is there: the kernel's, never one of ours. */
const put = (path: string, text: string): Promise<void> => writeFile(path, text, { flag: 'r+' });
