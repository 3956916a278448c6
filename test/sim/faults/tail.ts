/** What a death of evolution does to the end of its journal. */
import type { Cluster } from '../cluster/cluster.js';
import type { TailFate } from './fault.js';

export function spoilTail(tail: TailFate, cluster: Cluster): void {
  const { disk, observer } = cluster;
  switch (tail.kind) {
    case 'kept':
      return;
    case 'torn':
      if (disk.unsynced === 0) return;
      cluster.count('torn journal tail');
      disk.tear(Math.floor(tail.share * disk.unsynced));
      return;
    case 'flipped':
      if (disk.lastGroupBytes === 0) return;
      cluster.count(disk.unsynced > 0 ? 'flipped bit, not synced' : 'flipped bit, synced');
      if (disk.unsynced === 0) observer.shortened();
      disk.flipInLastGroup(tail.at, tail.bit);
  }
}
