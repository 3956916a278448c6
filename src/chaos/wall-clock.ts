/**
 * A wall clock that jumps. Loaded before everything else (`node --import`) into each process of a tormented
 * search, it answers `Date.now()` and `new Date()` with the time that a file says it is off by. The monotonic
 * clock stays, as it does when somebody sets the time of a host.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const FILE = 'EMARS_CHAOS_CLOCK';
const LOOK_MS = 50;

export class WallClock {
  private constructor(private readonly file: string) {}

  /** A clock that is right, kept in `file`. */
  static async at(file: string): Promise<WallClock> {
    const clock = new WallClock(file);
    await clock.jump(0);
    return clock;
  }

  /** What a process needs in its environment to go by this clock, its children too. */
  get environment(): NodeJS.ProcessEnv {
    const before = process.env['NODE_OPTIONS'] ?? '';
    return {
      [FILE]: this.file,
      NODE_OPTIONS: `${before} --import=${JSON.stringify(fileURLToPath(import.meta.url))}`.trim(),
    };
  }

  /** From now on the wall clock is `ms` ahead of the right time; less than 0: behind it. */
  async jump(ms: number): Promise<void> {
    await writeFile(this.file, String(ms));
  }
}

/** In a process that goes by the clock in `file`. */
function follow(file: string): void {
  const Right = Date;
  let off = 0;
  const look = (): void => {
    try {
      off = Number(readFileSync(file, 'utf8')) || 0;
    } catch {
      // The search outlives the file by a moment at its end.
    }
  };
  look();
  setInterval(look, LOOK_MS).unref();
  const now = (): number => Right.now() + off;
  globalThis.Date = new Proxy(Right, {
    construct: (_, args: unknown[], type) =>
      Reflect.construct(Right, args.length === 0 ? [now()] : args, type) as Date,
    apply: () => new Right(now()).toString(),
    get: (target, name, receiver) =>
      name === 'now' ? now : (Reflect.get(target, name, receiver) as unknown),
  });
}

const file = process.env[FILE];
if (file !== undefined) follow(file);
