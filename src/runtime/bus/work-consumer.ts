/**
 * The consumer that all workers of a queue take from. The queue's owner alone makes it: who may make one could
 * have the queue's items sent to any subject.
 */
import { AckPolicy, DeliverPolicy, ReplayPolicy } from '@nats-io/jetstream';
import type { JetStreamManager } from '@nats-io/jetstream';

export interface ConsumerOptions {
  readonly stream: string;
  readonly consumer: string;
  readonly ackWaitMs: number;
}

const NANOSECONDS = 1e6;

/** Makes it where it is missing. Errors: the client's. */
export async function declareConsumer(manager: JetStreamManager, options: ConsumerOptions): Promise<void> {
  const { stream, consumer, ackWaitMs } = options;
  await manager.consumers.add(stream, {
    name: consumer,
    durable_name: consumer,
    deliver_policy: DeliverPolicy.All,
    ack_policy: AckPolicy.Explicit,
    ack_wait: ackWaitMs * NANOSECONDS,
    // Too many deliveries are the worker's to see: work-queue.ts.
    max_deliver: -1,
    max_ack_pending: 10_000,
    replay_policy: ReplayPolicy.Instant,
  });
}
