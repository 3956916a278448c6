/** Trainers that send what is no gradient, by failpoints that wait for a file. */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FOLDER, VARIABLE } from '../runtime/failpoint/specification.js';
import { sleep } from '../runtime/process/monotonic.js';

export type Harm = 'nan' | 'cut';

const POLL_MS = 20;
const HARMS: readonly Harm[] = ['nan', 'cut'];

export class BadGradients {
  private constructor(private readonly folder: string) {}

  /** With its files in `folder`, which is made. */
  static async at(folder: string): Promise<BadGradients> {
    await mkdir(folder);
    return new BadGradients(folder);
  }

  /** What the processes of a search need in their environment. */
  get environment(): NodeJS.ProcessEnv {
    const failpoints = HARMS.map((harm) => `trainer/before-send-gradient:@${harm}:${harm}`);
    return { [VARIABLE]: failpoints.join(), [FOLDER]: this.folder };
  }

  /** The next chunk that any trainer sends is bad; false where none was sent before `isOver`. */
  async send(harm: Harm, isOver: () => boolean): Promise<boolean> {
    const file = join(this.folder, harm);
    await writeFile(file, '');
    while (existsSync(file)) {
      if (isOver()) {
        await rm(file, { force: true });
        return false;
      }
      await sleep(POLL_MS);
    }
    return true;
  }
}
