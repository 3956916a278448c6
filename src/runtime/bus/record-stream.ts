/**
 * A stream that keeps the last messages of a subject on the broker, for who looks at them there. Nothing depends on
 * it: a broker that has no space for it, or loses it, keeps none.
 */
import { jetstreamManager, RetentionPolicy, StorageType, DiscardPolicy } from '@nats-io/jetstream';
import type { Bus, Handle } from './bus.js';
import { natsOf } from './nats-bus.js';

export interface RecordStreamOptions {
  /** Letters, digits, `_`, `-`. */
  readonly stream: string;
  /** May hold `*`. */
  readonly subject: string;
  /** Older ones go first. */
  readonly mostMessages: number;
  readonly mostBytes: number;
}

const API_MS = 3000;

export interface RecordStream extends Handle {
  /** Deletes it from the broker, where that can be reached. Never rejects. */
  remove(): Promise<void>;
}

/** Declares it, and again after each reconnect until the handle is closed. Never rejects. */
export async function keepRecordStream(bus: Bus, options: RecordStreamOptions): Promise<RecordStream> {
  const manager = await jetstreamManager(natsOf(bus), { checkAPI: false, timeout: API_MS });
  const { stream, subject, mostMessages, mostBytes } = options;
  const declare = async (): Promise<void> => {
    try {
      await manager.streams.add({
        name: stream,
        subjects: [subject],
        retention: RetentionPolicy.Limits,
        storage: StorageType.Memory,
        discard: DiscardPolicy.Old,
        max_msgs: mostMessages,
        max_bytes: mostBytes,
      });
    } catch {
      // It is there already, or there is no place for it.
    }
  };
  await declare();
  const reconnects = bus.onReconnect(() => void declare());
  return {
    close: () => reconnects.close(),
    remove: async () => {
      reconnects.close();
      await manager.streams.delete(stream).catch(() => false);
    },
  };
}
