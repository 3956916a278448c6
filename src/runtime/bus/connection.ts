/** Connects to a broker: where buses come from. */
import { connect as natsConnect, errors } from '@nats-io/transport-node';
import { Deadline, sleep } from '../process/monotonic.js';
import { BrokerUnreachable } from './bus-errors.js';
import { loginOptions, serversOf } from './login.js';
import type { Bus, BusOptions } from './bus.js';
import { NatsBus } from './nats-bus.js';
import { textOf } from '../../errors/text.js';

export * from './bus-errors.js';
export type * from './bus.js';

const CONNECT_MS = 5000;
const ATTEMPT_MS = 2000;
const PAUSE_MS = 100;
const PING_INTERVAL_MS = 1500;
const MISSED_PINGS = 2;
const RECONNECT_WAIT_MS = 200;

/**
 * Connects to a broker. Tries for `deadlineMs`, so that a broker that is just starting is met.
 *
 * Errors: BrokerUnreachable: no server there, not a NATS server, or wrong credentials (at once); the reason
 * of `signal`.
 */
export async function connect(options: BusOptions): Promise<Bus> {
  const deadline = new Deadline(options.deadlineMs ?? CONNECT_MS);
  const { url, login = null, ca = null, inboxPrefix, signal } = options;
  let reason = '';
  for (;;) {
    signal?.throwIfAborted();
    try {
      const nats = await natsConnect({
        servers: serversOf(url),
        name: options.name,
        noEcho: options.echo === false,
        ...loginOptions(url, login, ca),
        ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
        timeout: Math.max(1, Math.min(deadline.left(), ATTEMPT_MS)),
        reconnect: true,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RECONNECT_WAIT_MS,
        reconnectJitter: RECONNECT_WAIT_MS,
        pingInterval: PING_INTERVAL_MS,
        maxPingOut: MISSED_PINGS,
        // A server that comes back with another configuration may refuse us for a while: go on trying.
        ignoreAuthErrorAbort: true,
        noAsyncTraces: true,
      });
      return new NatsBus(nats, options);
    } catch (error) {
      const refused =
        error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError;
      // A last try that had no time left says less than the one before.
      if (reason === '' || !(error instanceof errors.TimeoutError)) reason = textOf(error);
      if (refused || error instanceof errors.InvalidArgumentError || deadline.left() < PAUSE_MS)
        throw new BrokerUnreachable(url, reason, error);
      await sleep(PAUSE_MS, signal);
    }
  }
}
