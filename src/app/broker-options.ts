/** `--nats URL --creds FILE`, for all commands that reach a broker which others run. */
import { Option } from 'commander';
import type { BrokerRequest } from '../library/broker.js';

/** What commander makes of the two. */
export type BrokerFlags = BrokerRequest;

export const natsOption = (description: string): Option => new Option('--nats <url>', description);
export const credsOption = (): Option =>
  new Option(
    '--creds <file>',
    'credentials for the broker, mode 0600: a file of emars broker init, of NATS, or one line user:password',
  );
