/**
 * An actor's mailbox: messages are handled one at a time, in the order of their posting, however long the
 * handler takes. So a handler may await, and still no other message sees its half-changed state.
 */
import { EmarsError } from '../../errors/error.js';

/** The mailbox is full: its owner does not keep up, or its handler never ends. */
export class MailboxFull extends EmarsError {
  override readonly name = 'MailboxFull';
  readonly kind = 'unavailable';
  constructor(
    readonly owner: string,
    readonly limit: number,
  ) {
    super(`the mailbox of ${owner} already holds ${limit} messages`);
  }
}

export interface MailboxOptions {
  /** For error messages. */
  readonly owner?: string;
  /** Most messages that may wait. Default 65 536. */
  readonly limit?: number;
}

export class Mailbox<T> {
  private readonly waiting: T[] = [];
  private running: Promise<void> | null = null;
  private isClosed = false;

  /** `onError` is told what the handler throws or rejects with; the next message is handled all the same. */
  constructor(
    private readonly handler: (message: T) => void | Promise<void>,
    private readonly onError: (error: unknown, message: T) => void,
    private readonly options: MailboxOptions = {},
  ) {}

  /** Messages that wait, without the one being handled. */
  get size(): number {
    return this.waiting.length;
  }

  /** Handled later, never inside this call. False once the mailbox is closed. Errors: MailboxFull. */
  post(message: T): boolean {
    if (this.isClosed) return false;
    const limit = this.options.limit ?? 65_536;
    if (this.waiting.length >= limit) throw new MailboxFull(this.options.owner ?? 'an actor', limit);
    this.waiting.push(message);
    this.running ??= this.run();
    return true;
  }

  /** Resolves when nothing is being handled and nothing waits. Not to be awaited in the handler. */
  async idle(): Promise<void> {
    while (this.running !== null) await this.running;
  }

  /** Takes no more messages, drops those that wait, and resolves when the one being handled is done. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.waiting.length = 0;
    await this.idle();
  }

  private async run(): Promise<void> {
    await Promise.resolve();
    while (this.waiting.length > 0) await this.handleOne(this.waiting.shift() as T);
    this.running = null;
  }

  private async handleOne(message: T): Promise<void> {
    try {
      await this.handler(message);
    } catch (error) {
      try {
        this.onError(error, message);
      } catch {
        // A reporter that fails must not stop the mailbox.
      }
    }
  }
}
