/**
 * What a shell hears on the bus: decoded messages of who they say they are from. Any other is counted and dropped, a
 * dead letter; the log hears of the first and of each tenfold, as it must not grow with what others send.
 */
import type { Bus, Handle } from '../../runtime/bus/bus.js';
import type { Message, MessageName } from '../../wire/messages.js';
import { decode, WireError } from '../../wire/messages.js';
import type { DeadLetterBox, Refused } from './dead-letters.js';
import { isTenfold } from './dead-letters.js';
import { isFromItsSender, isInboxOfSender } from '../../wire/sender.js';

export type ReceivedMessage<Name extends MessageName> = {
  readonly kind: 'received';
  readonly name: Name;
  readonly message: Message<Name>;
  readonly reply: string | null;
};

/** Subscriptions of one shell; closed together. */
export class Listening implements Handle {
  private readonly handles: Handle[] = [];
  private readonly malformed = new Map<MessageName, number>();

  constructor(
    private readonly bus: Bus,
    /** Where what is dropped goes; null: nowhere. */
    private readonly dead: DeadLetterBox | null = null,
  ) {}

  /** Passes on the messages of a subject. */
  on<Name extends MessageName>(
    name: Name,
    subject: string,
    take: (received: ReceivedMessage<Name>) => void,
  ): void {
    const subscription = this.bus.subscribe(subject, (bytes, { subject: from, reply }) => {
      // What the broker answers in place of somebody who is not there yet; messages of ours have a checksum.
      if (bytes.length === 0) return;
      const refuse = (reason: string): void => this.refuse({ expected: name, subject: from, reason, bytes });
      let message: Message<Name>;
      try {
        message = decode(name, bytes);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        refuse(error.message);
        return;
      }
      if (!isFromItsSender(name, message, from)) {
        refuse(`expected a ${name} of who sent it, got one in the name of another on ${from}`);
        return;
      }
      if (reply !== null && !isInboxOfSender(name, reply, from)) {
        refuse(`expected a ${name} to be answered to its sender, got ${reply.slice(0, 200)}`);
        return;
      }
      take({ kind: 'received', name, message, reply });
    });
    this.handles.push(subscription);
  }

  /** Something else that ends with the subscriptions. */
  own(handle: Handle): void {
    this.handles.push(handle);
  }

  close(): void {
    for (const handle of this.handles.splice(0)) handle.close();
  }

  private refuse(refused: Omit<Refused, 'count'>): void {
    const { expected, reason } = refused;
    const count = (this.malformed.get(expected) ?? 0) + 1;
    this.malformed.set(expected, count);
    if (isTenfold(count)) process.stderr.write(`${reason}; dropped, ${count} of this kind so far\n`);
    this.dead?.({ ...refused, count });
  }
}
