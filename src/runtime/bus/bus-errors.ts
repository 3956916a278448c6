/** What can go wrong on the bus: one class a cause, so that an actor decides by class and not by text. */
import { EmarsError } from '../../errors/error.js';

/** No broker answered at start. `reason` says what the last attempt met. */
export class BrokerUnreachable extends EmarsError {
  override readonly name = 'BrokerUnreachable';
  readonly kind = 'unavailable';
  constructor(
    readonly url: string,
    readonly reason: string,
    cause?: unknown,
  ) {
    super(`no broker at ${url}: ${reason}; is nats-server running there, and are the credentials its own?`, {
      cause,
    });
  }
}

/**
 * No answer came in time. The question may have been heard all the same: ask only what may be done twice.
 */
export class AskTimeout extends EmarsError {
  override readonly name = 'AskTimeout';
  readonly kind = 'unavailable';
  constructor(
    readonly subject: string,
    readonly deadlineMs: number,
  ) {
    super(`no answer on ${subject} within ${deadlineMs} ms`);
  }
}

/** The subject has no subscriber (the server knows at once). */
export class NoResponder extends EmarsError {
  override readonly name = 'NoResponder';
  readonly kind = 'unavailable';
  constructor(readonly subject: string) {
    super(`${subject} has no subscriber`);
  }
}

/** The bus was closed, by us or for ever by the server. */
export class BusClosed extends EmarsError {
  override readonly name = 'BusClosed';
  readonly kind = 'unavailable';
  constructor(readonly operation: string) {
    super(`${operation}: the bus is closed`);
  }
}

/** What was published has not reached the server in time (see Bus.flush). */
export class FlushTimeout extends EmarsError {
  override readonly name = 'FlushTimeout';
  readonly kind = 'unavailable';
  constructor(
    readonly pendingBytes: number,
    readonly deadlineMs: number,
  ) {
    super(`${pendingBytes} bytes have not reached the broker within ${deadlineMs} ms`);
  }
}

/** A message above the server's limit: cut it into chunks. */
export class PayloadTooLarge extends EmarsError {
  override readonly name = 'PayloadTooLarge';
  readonly kind = 'environment';
  constructor(
    readonly subject: string,
    readonly bytes: number,
    readonly limit: number,
  ) {
    super(`a message of ${bytes} bytes on ${subject} is above the broker's limit of ${limit}`);
  }
}

/** The server refused a subject to these credentials. */
export class NotPermitted extends EmarsError {
  override readonly name = 'NotPermitted';
  readonly kind = 'unavailable';
  constructor(
    readonly subject: string,
    readonly operation: string,
    cause?: unknown,
  ) {
    super(`these credentials may not ${operation} ${subject}`, { cause });
  }
}
