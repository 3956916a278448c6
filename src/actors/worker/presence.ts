/**
 * A worker's presence on the bus: hello until welcomed, hello again under every new fence, heartbeats
 * from the bus thread so that they live through a long TensorFlow step.
 */
import { EmarsError } from '../../errors/error.js';
import { after } from '../../runtime/process/monotonic.js';
import type { Bus } from '../../runtime/bus/connection.js';
import type { Message } from '../../wire/messages.js';
import { decode, encode, PROTOCOL } from '../../wire/messages.js';
import type { Subjects } from '../../wire/subjects.js';

export interface Identity {
  readonly role: 'trainer' | 'evaluator';
  readonly id: string;
  readonly incarnation: string;
  readonly pid: number;
  readonly device: string;
  readonly fingerprint: string;
  /** SHA-256, hexadecimal. */
  readonly canary: string;
}

/** The evolution actor will not have this worker; starting it again would not help. */
export class WorkerRefused extends EmarsError {
  override readonly name = 'WorkerRefused';
  readonly kind = 'refused';
}

export class Presence {
  private welcomedFence = -1;
  private asking = false;

  constructor(
    private readonly bus: Bus,
    private readonly subjects: Subjects,
    private readonly identity: Identity,
    private readonly position: () => Message<'Hello'>['position'],
    private readonly timing: { readonly heartbeatMs: number; readonly askMs: number },
    /** Each time: the first one admits this worker to work. */
    private readonly onWelcome: () => void,
    private readonly onRefused: (error: WorkerRefused) => void,
  ) {
    bus.subscribe(subjects.rollCall, (bytes) => {
      const { fence, present } = decode('RollCall', bytes);
      if (fence !== this.welcomedFence || !present.includes(identity.incarnation)) void this.hello();
    });
    this.pulse();
    void this.hello();
  }

  private pulse(): void {
    const { id, role, incarnation } = this.identity;
    this.bus.publish(
      this.subjects.heartbeat,
      encode('Heartbeat', { id, role, incarnation, fence: Math.max(0, this.welcomedFence) }),
    );
    after(this.timing.heartbeatMs, () => this.pulse());
  }

  /** One try; the roll call brings the next. */
  private async hello(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    try {
      const answer = await this.bus.ask(
        this.subjects.hello,
        encode('Hello', { protocol: PROTOCOL, ...this.identity, position: this.position() }),
        this.timing.askMs,
      );
      const welcome = decode('Welcome', answer);
      if (welcome.accepted) {
        this.welcomedFence = welcome.fence;
        this.onWelcome();
      }
      if (!welcome.accepted)
        this.onRefused(
          new WorkerRefused(`${this.identity.id} was refused: ${welcome.reason ?? 'no reason given'}`),
        );
    } catch {
      // Nobody answered in time: the evolution actor is starting, and its roll call will come.
    } finally {
      this.asking = false;
    }
  }
}
