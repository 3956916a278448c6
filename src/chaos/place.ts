/** Where the searches of a chaos have their files. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scene } from './inject.js';
import type { ChaosPlan } from './plan.js';
import { SmallDisk } from './small-disk.js';

export interface Place {
  readonly folder: string;
  readonly out: string;
  readonly store: string;
  readonly disks: Scene['disks'];
}

/** Makes the place of the search `number`. */
export async function placeOf({ folder: all, smallDisks }: ChaosPlan, number: number): Promise<Place> {
  const folder = join(all, `tormented-${number}`);
  await mkdir(folder);
  const [runs, stores] = [join(folder, 'disk'), join(folder, 'broker')];
  const disks = smallDisks
    ? { run: await SmallDisk.mount(runs), store: await SmallDisk.mount(stores) }
    : null;
  return { folder, out: join(runs, 'run'), store: join(stores, 'store'), disks };
}
