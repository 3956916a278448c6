/**
 * A TCP proxy between the processes of a run and their broker, with weather. TCP loses no bytes: what is lost
 * on a wire arrives late or ends the connection, and so it does here.
 */
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { Generator } from '../random/generator.js';
import { sleep } from '../runtime/process/monotonic.js';

export type Direction = 'to-server' | 'to-clients';

export interface Weather {
  /** Directions in which nothing arrives until the weather changes. */
  readonly cut: readonly Direction[];
  readonly delayMs: number;
  /** Share of pieces that are held up for 0.2 to 1 s; a fifth of them end their connection. */
  readonly loss: number;
  /** Share of pieces that arrive twice. */
  readonly duplication: number;
  /** Bits flipped a byte. */
  readonly corruption: number;
}

export const FAIR: Weather = { cut: [], delayMs: 0, loss: 0, duplication: 0, corruption: 0 };

/** Where a broker listens. `host`: 127.0.0.1 where left out. */
export interface Target {
  readonly port: number;
  readonly host?: string;
}

/** Bytes on their way in one direction of a connection before its sender is held up. */
const WINDOW_BYTES = 8 * 1024 * 1024;
const POLL_MS = 20;

export class LinkProxy {
  private weather: Weather = FAIR;
  private readonly sockets = new Set<Socket>();
  /** Pieces that were held up, cut off, doubled or changed since the weather changed. */
  disturbed = 0;

  private constructor(
    private readonly server: Server,
    private readonly port: number,
    readonly random: Generator,
  ) {}

  /** Listens on `port` of 127.0.0.1, 0 for a free one, for the broker on `target`. */
  static async open(target: Target, random: Generator, port = 0): Promise<LinkProxy> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    const proxy = new LinkProxy(server, (server.address() as { port: number }).port, random);
    server.on('connection', (client) => proxy.join(client, target));
    return proxy;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get now(): Weather {
    return this.weather;
  }

  change(weather: Partial<Weather>): void {
    this.weather = { ...FAIR, ...weather };
    this.disturbed = 0;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private join(client: Socket, { port, host = '127.0.0.1' }: Target): void {
    const server = connect(port, host);
    const end = (): void => {
      for (const socket of [client, server]) {
        socket.destroy();
        this.sockets.delete(socket);
      }
    };
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      // The other end sees a connection that breaks, whatever broke this one.
      socket.on('error', end);
      socket.on('close', end);
    }
    new Pipe(this, 'to-server', { from: client, to: server, end });
    new Pipe(this, 'to-clients', { from: server, to: client, end });
  }
}

interface Ends {
  readonly from: Socket;
  readonly to: Socket;
  /** Breaks the connection, both ways. */
  readonly end: () => void;
}

/** One direction of one connection: pieces in order, each when its time has come. */
class Pipe {
  private readonly waiting: { readonly bytes: Buffer; readonly due: number }[] = [];
  private waitingBytes = 0;
  private moving = false;

  constructor(
    private readonly proxy: LinkProxy,
    private readonly direction: Direction,
    private readonly ends: Ends,
  ) {
    ends.from.on('data', (bytes: Buffer) => this.take(bytes));
  }

  private take(bytes: Buffer): void {
    const { delayMs } = this.proxy.now;
    if (delayMs > 0) this.proxy.disturbed++;
    this.waiting.push({ bytes, due: performance.now() + delayMs });
    this.waitingBytes += bytes.length;
    if (this.waitingBytes > WINDOW_BYTES) this.ends.from.pause();
    if (!this.moving) void this.move();
  }

  private async move(): Promise<void> {
    this.moving = true;
    for (
      let piece = this.waiting[0];
      piece !== undefined && !this.ends.to.destroyed;
      piece = this.waiting[0]
    ) {
      const early = piece.due - performance.now();
      if (early > 0) await sleep(early);
      await this.untilOpen();
      const { loss, duplication, corruption } = this.proxy.now;
      const { random } = this.proxy;
      if (random.chance(loss) && (await this.lose())) return;
      const bytes = corruption > 0 ? this.corrupted(piece.bytes, corruption) : piece.bytes;
      this.ends.to.write(bytes);
      if (random.chance(duplication)) {
        this.proxy.disturbed++;
        this.ends.to.write(bytes);
      }
      this.waiting.shift();
      this.waitingBytes -= piece.bytes.length;
      if (this.waitingBytes <= WINDOW_BYTES) this.ends.from.resume();
    }
    this.moving = false;
  }

  private async untilOpen(): Promise<void> {
    if (!this.proxy.now.cut.includes(this.direction)) return;
    this.proxy.disturbed++;
    while (this.proxy.now.cut.includes(this.direction) && !this.ends.to.destroyed) await sleep(POLL_MS);
  }

  /** Holds a piece up; true where its connection ended. */
  private async lose(): Promise<boolean> {
    const { random } = this.proxy;
    this.proxy.disturbed++;
    await sleep(200 + 800 * random.uniform());
    if (!random.chance(0.2)) return false;
    this.ends.end();
    return true;
  }

  private corrupted(bytes: Buffer, share: number): Buffer {
    const { random } = this.proxy;
    // The first piece under this weather is always hit: short weather would otherwise often do nothing.
    const expected = bytes.length * share;
    const flips =
      this.proxy.disturbed === 0 ? 1 : Math.floor(expected) + (random.chance(expected % 1) ? 1 : 0);
    if (flips === 0) return bytes;
    this.proxy.disturbed += flips;
    const copy = Buffer.from(bytes);
    for (let i = 0; i < flips; i++) copy[random.integer(copy.length)]! ^= 1 << random.integer(8);
    return copy;
  }
}
