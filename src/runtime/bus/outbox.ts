/**
 * The bounded way out of a bus: what was sent and not confirmed, and what waits while cut off.
 *
 * The NATS client has no limit of its own: it hands everything to the socket, and forgets everything
 * when the connection breaks. The outbox counts: a byte is pending from `offer` until the server, by
 * answering a ping sent after it, has shown that it read it. Beyond the limit a message is dropped and
 * counted; the protocols above are made for lost messages, memory is not made for endless ones.
 */

export interface Message {
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly reply: string | null;
}

/** After so many bytes the server is asked how far it is. */
const CONFIRM_BYTES = 1024 * 1024;

export class Outbox {
  private readonly held: Message[] = [];
  private heldBytes = 0;
  /** Bytes handed over since the connection was made, and how many of them the server confirmed. */
  private sent = 0;
  private confirmed = 0;
  private confirming = false;
  private connections = 1;
  private open = true;
  droppedMessages = 0;
  droppedBytes = 0;

  /**
   * `limit`: most bytes pending. `send` hands a message to the client; `ping` resolves when the server
   * has read everything handed over before, and rejects when the connection breaks.
   */
  constructor(
    private readonly limit: number,
    private readonly send: (message: Message) => void,
    private readonly ping: () => Promise<void>,
  ) {}

  pendingBytes(): number {
    return this.heldBytes + this.sent - this.confirmed;
  }

  /** Sends the message, or keeps a copy of it while cut off; false if it was dropped. */
  offer(message: Message): boolean {
    if (this.pendingBytes() + message.bytes.byteLength > this.limit) {
      this.drop(message);
      this.confirm();
      return false;
    }
    if (this.open) {
      this.handOver(message);
    } else {
      this.held.push({ ...message, bytes: Uint8Array.from(message.bytes) });
      this.heldBytes += message.bytes.byteLength;
    }
    return true;
  }

  drop(message: Message): void {
    this.droppedMessages++;
    this.droppedBytes += message.bytes.byteLength;
  }

  /** How far `confirmUpTo` may go later: taken before a ping. */
  mark(): number {
    return this.sent;
  }

  /** The server has read what was handed over before `mark` was taken, on this connection. */
  confirmUpTo(mark: number): void {
    this.confirmed = Math.max(this.confirmed, Math.min(mark, this.sent));
  }

  /** The connection broke: what was on its way may be lost, and is no longer counted. */
  cutOff(): void {
    this.open = false;
    this.sent = 0;
    this.confirmed = 0;
  }

  /** A new connection: what was kept is sent, in order. `failed` is told what can no longer be sent. */
  reopen(failed: (error: unknown, message: Message) => void): void {
    this.cutOff();
    this.connections++;
    this.open = true;
    const held = this.held.splice(0);
    this.heldBytes = 0;
    for (const message of held) {
      try {
        this.handOver(message);
      } catch (error) {
        this.drop(message);
        failed(error, message);
      }
    }
  }

  private handOver(message: Message): void {
    this.send(message);
    this.sent += message.bytes.byteLength;
    if (this.sent - this.confirmed >= CONFIRM_BYTES) this.confirm();
  }

  /** Asks the server how far it is, one question at a time. */
  private confirm(): void {
    if (this.confirming || !this.open) return;
    this.confirming = true;
    const mark = this.mark();
    const connection = this.connections;
    this.ping().then(
      () => {
        this.confirming = false;
        if (connection === this.connections) this.confirmUpTo(mark);
        if (this.sent - this.confirmed >= CONFIRM_BYTES) this.confirm();
      },
      () => {
        this.confirming = false;
      },
    );
  }
}
