/**
 * File systems that can be full: a tmpfs that is shrunk to what it holds. Mounting wants a mount name space of
 * our own, in which the whole command then runs; the host never sees what is mounted there.
 */
import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, rename, rm, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Set in the process that has a name space of its own. */
const MARK = 'EMARS_CHAOS_MOUNTS';
/** As root; else as the root of a user name space. */
const UNSHARE: readonly (readonly string[])[] = [['-m'], ['-Urm']];
const ROOMY = 'size=50%';

export const ownMounts = (): boolean => process.env[MARK] !== undefined;

/**
 * Runs this very command again where it may mount; not where `ownMounts`. Resolves with its exit code; null
 * where the host lets nobody mount.
 */
export async function rerunWithOwnMounts(): Promise<number | null> {
  for (const flags of UNSHARE) {
    const probe = ['sh', '-c', 'mount -t tmpfs tmpfs /mnt'];
    if (!(await run('unshare', [...flags, ...probe]).then(succeeded, failed))) continue;
    const child = spawn('unshare', [...flags, process.execPath, ...process.argv.slice(1)], {
      stdio: 'inherit',
      env: { ...process.env, [MARK]: '1' },
    });
    const forward = (signal: NodeJS.Signals): boolean => child.kill(signal);
    process.on('SIGTERM', forward);
    process.on('SIGINT', forward);
    const code = await new Promise<number>((resolve) =>
      child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1))),
    );
    process.off('SIGTERM', forward);
    process.off('SIGINT', forward);
    return code;
  }
  return null;
}

const succeeded = (): boolean => true;
const failed = (): boolean => false;

export class SmallDisk {
  private constructor(private readonly path: string) {}

  /** Mounts an empty one at the folder `path`, which is made. Only where `ownMounts`. */
  static async mount(path: string): Promise<SmallDisk> {
    await mkdir(path, { recursive: true });
    await run('mount', ['-t', 'tmpfs', '-o', ROOMY, 'tmpfs', path]);
    return new SmallDisk(path);
  }

  /** From now on not one block is free. */
  async fill(): Promise<void> {
    // Between the look and the order the run may write more than was there: then it is asked again.
    for (let attempt = 0; ; attempt++) {
      const { blocks, bfree, bsize } = await statfs(this.path);
      const size = `size=${(blocks - bfree) * bsize}`;
      if (await run('mount', ['-o', `remount,${size}`, this.path]).then(succeeded, failed)) return;
      if (attempt === 20) throw new Error(`the file system at ${this.path} cannot be shrunk to ${size}`);
    }
  }

  async empty(): Promise<void> {
    await run('mount', ['-o', `remount,${ROOMY}`, this.path]);
  }

  /** Takes it away; with `keep` the files stay in the folder. Nobody may have them open. */
  async unmount(keep: boolean): Promise<void> {
    const copy = `${this.path}.kept`;
    if (keep) await cp(this.path, copy, { recursive: true });
    await run('umount', [this.path]);
    await rm(this.path, { recursive: true, force: true });
    if (keep) await rename(copy, this.path);
  }
}
