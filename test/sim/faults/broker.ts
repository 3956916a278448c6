/** The broker dies, with or without what it had stored, and is back after a while. */
import type { Cluster } from '../cluster/cluster.js';

export function failBroker(cluster: Cluster, ms: number, wiped: boolean): void {
  const { bus, queue } = cluster;
  if (!bus.up) return;
  cluster.count(wiped ? 'broker killed, store lost' : 'broker killed');
  cluster.tell('broker', wiped ? 'is killed, its store is lost' : 'is killed');
  bus.fail();
  if (wiped) queue.wipe();
  cluster.timeline.after(ms, () => {
    if (bus.up) return;
    cluster.tell('broker', 'is back');
    bus.recover();
    queue.serve();
  });
}
