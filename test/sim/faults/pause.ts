/** A process that is stopped for a while, as by SIGSTOP. */
import type { Cluster } from '../cluster/cluster.js';
import type { Host } from '../cluster/host.js';

export function pause(cluster: Cluster, host: Host, ms: number): void {
  const { process } = host;
  if (!process.alive || process.stopped) return;
  cluster.count(`pause ${host.role}`);
  cluster.tell(host.id, 'is stopped');
  process.stop();
  const { life } = process;
  cluster.timeline.after(ms, () => {
    if (process.life !== life || !process.alive) return;
    cluster.tell(host.id, 'is woken');
    process.wake();
  });
}
