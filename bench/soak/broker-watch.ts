/** What the broker keeps of the run, and how many slots are out on lease, as a client sees it that may hear everything. */
import type { Bus } from '#emars/runtime/bus/connection.js';
import { connect } from '#emars/runtime/bus/connection.js';
import { decode, WireError } from '#emars/wire/messages.js';
import { subjectsOf, ANY } from '#emars/wire/subjects.js';

const ASK_MS = 3000;

export interface BrokerSample {
  /** Of all streams of the broker. */
  readonly messages: number;
  readonly bytes: number;
  /** Evaluations that were handed out and are not acknowledged. */
  readonly handedOut: number;
  /** Leases in the newest plan of a step; null before the first. */
  readonly slotLeases: number | null;
}

interface StreamList {
  readonly streams?:
    readonly { config: { name: string }; state: { messages: number; bytes: number } }[] | null;
}
interface ConsumerList {
  readonly consumers?: readonly { num_ack_pending: number }[] | null;
}

export class BrokerWatch {
  private slotLeases: number | null = null;

  private constructor(private readonly bus: Bus) {
    bus.subscribe(subjectsOf(ANY).directive, (bytes) => {
      const leases = leasesIn(bytes);
      if (leases !== null) this.slotLeases = leases;
    });
  }

  /** `seed`: of a key that may do everything. Errors: BrokerUnreachable. */
  static async on(url: string, seed: string): Promise<BrokerWatch> {
    return new BrokerWatch(await connect({ url, login: { kind: 'nkey', seed }, name: 'soak' }));
  }

  /** Null where the broker does not answer in time. */
  async sample(): Promise<BrokerSample | null> {
    try {
      const { streams } = await this.ask<StreamList>('$JS.API.STREAM.LIST');
      let [messages, bytes, handedOut] = [0, 0, 0];
      for (const { config, state } of streams ?? []) {
        messages += state.messages;
        bytes += state.bytes;
        const { consumers } = await this.ask<ConsumerList>(`$JS.API.CONSUMER.LIST.${config.name}`);
        for (const { num_ack_pending } of consumers ?? []) handedOut += num_ack_pending;
      }
      return { messages, bytes, handedOut, slotLeases: this.slotLeases };
    } catch {
      return null;
    }
  }

  close(): Promise<void> {
    return this.bus.close();
  }

  private async ask<Answer>(subject: string): Promise<Answer> {
    const answer = await this.bus.ask(subject, new Uint8Array(), ASK_MS);
    return JSON.parse(Buffer.from(answer).toString('utf8')) as Answer;
  }
}

/** Null for a directive that is no step's plan. */
function leasesIn(bytes: Uint8Array): number | null {
  try {
    return decode('Directive', bytes).step?.leases.length ?? null;
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}
