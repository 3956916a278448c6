/** What a death of evolution does to the end of its journal. */
import type { TailFate } from '../faults/fault.js';
import type { SimDisk } from '../kernel/disk.js';

export interface TailNews {
  readonly count: (fault: string) => void;
  /** What was synced is lost. */
  readonly shortened: () => void;
}

export function spoilTail(tail: TailFate, disk: SimDisk, { count, shortened }: TailNews): void {
  switch (tail.kind) {
    case 'kept':
      return;
    case 'torn':
      if (disk.unsynced === 0) return;
      count('torn journal tail');
      disk.tear(Math.floor(tail.share * disk.unsynced));
      return;
    case 'flipped':
      if (disk.lastGroupBytes === 0) return;
      count(disk.unsynced > 0 ? 'flipped bit, not synced' : 'flipped bit, synced');
      if (disk.unsynced === 0) shortened();
      disk.flipInLastGroup(tail.at, tail.bit);
  }
}
