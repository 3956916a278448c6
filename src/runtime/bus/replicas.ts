/** On how many servers of a broker a stream lies. */
import { JetStreamApiError } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

const CLUSTER = 3;

/**
 * Declares a stream on three servers of a cluster, so that one of them may die; on one where the broker is one server,
 * or a cluster that has no three for it now. Errors: those of `declare`.
 */
export async function onReplicas<T>(
  { info }: NatsConnection,
  declare: (replicas: number) => Promise<T>,
): Promise<T> {
  if (info?.cluster === undefined || info.cluster === '') return declare(1);
  try {
    return await declare(CLUSTER);
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    return declare(1);
  }
}
