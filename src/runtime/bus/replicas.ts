/** On how many servers of a broker a stream lies. */
import type { NatsConnection } from '@nats-io/transport-node';

const CLUSTER = 3;

/** Three in a cluster, so that one of them may die; one on a server of its own. */
export function replicasFor({ info }: NatsConnection): number {
  return info?.cluster === undefined || info.cluster === '' ? 1 : CLUSTER;
}
