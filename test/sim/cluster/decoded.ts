/** Reading messages as the receivers do, once for bytes that many receive. */
import type { Message, MessageName } from '#emars/wire/messages.js';
import { decode, WireError } from '#emars/wire/messages.js';

const known = new WeakMap<Uint8Array, Message<MessageName> | WireError>();

/** The message, or what is wrong with it. Messages are read-only, so receivers can share one. */
export function decoded<Name extends MessageName>(name: Name, bytes: Uint8Array): Message<Name> | WireError {
  let message = known.get(bytes);
  if (message === undefined) {
    try {
      message = decode(name, bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      message = error;
    }
    known.set(bytes, message);
  }
  return message as Message<Name> | WireError;
}
