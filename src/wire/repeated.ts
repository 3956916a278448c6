/**
 * Encoding for a sender that repeats itself: a message that is the same object as the last of its name is
 * not encoded again. For plans and roll calls, which go out every second and seldom change.
 */
import type { Draft, MessageName } from './messages.js';
import { encode } from './messages.js';

export class RepeatedEncoder {
  private readonly last = new Map<MessageName, { readonly message: object; readonly bytes: Uint8Array }>();

  /** As `encode`; the bytes may be those of an earlier call, and are not to be changed. Errors: WireError. */
  encode<Name extends MessageName>(name: Name, message: Draft<Name>): Uint8Array {
    const known = this.last.get(name);
    if (known?.message === message) return known.bytes;
    const bytes = encode(name, message);
    this.last.set(name, { message, bytes });
    return bytes;
  }
}
