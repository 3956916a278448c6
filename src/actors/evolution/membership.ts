/**
 * Who works for the run: workers by id, alive while they are heard. A worker process that was started
 * again has a new incarnation; the old one is lost the moment the new one says hello.
 */
import { PROTOCOL } from '../../wire/messages.js';
import type { Message, Role } from '../../wire/messages.js';

export interface Worker {
  readonly id: string;
  readonly role: Role;
  readonly incarnation: string;
  readonly position: { readonly epoch: number; readonly appliedStep: number } | null;
  heardAt: number;
}

export interface Numerics {
  readonly fingerprint: string;
  readonly canary: string;
}

export class Membership {
  private readonly workers = new Map<string, Worker>();
  /** Every id that ever was a member, with its role. */
  readonly known = new Map<string, Role>();

  constructor(
    private readonly silenceMs: number,
    private readonly tolerant: boolean,
  ) {}

  /**
   * Why a worker may not join; '' when it may. `reference`: what the run computes with so far. Values
   * of other arithmetic would make the result depend on who computed (spec section 5).
   */
  objection(hello: Message<'Hello'>, reference: Numerics | null): string {
    if (hello.protocol !== PROTOCOL)
      return `expected protocol ${PROTOCOL}, got ${hello.protocol}; install the same version of EMARS everywhere`;
    if (reference === null || this.tolerant) return '';
    const { fingerprint, canary } = hello;
    if (fingerprint !== reference.fingerprint || canary !== reference.canary) {
      return `expected the arithmetic that the run began with (fingerprint ${reference.fingerprint}, canary ${reference.canary.slice(0, 12)}), got ${fingerprint}, ${canary.slice(0, 12)}; use hosts of one kind or set engine.numerics: tolerant`;
    }
    return '';
  }

  /** Takes a worker in. True when this id was here before as another incarnation: that one is lost. */
  join(hello: Message<'Hello'>, now: number): boolean {
    const before = this.workers.get(hello.id);
    this.workers.set(hello.id, {
      id: hello.id,
      role: hello.role,
      incarnation: hello.incarnation,
      position: hello.position,
      heardAt: now,
    });
    this.known.set(hello.id, hello.role);
    return before !== undefined && before.incarnation !== hello.incarnation;
  }

  heard({ id, incarnation }: Message<'Heartbeat'>, now: number): void {
    const worker = this.workers.get(id);
    if (worker?.incarnation === incarnation) worker.heardAt = now;
  }

  /** Incarnations of those who are here. */
  incarnations(): string[] {
    return [...this.workers.values()].map(({ incarnation }) => incarnation);
  }

  /** Nobody's silence counts up to now. */
  excuse(now: number): void {
    for (const worker of this.workers.values()) worker.heardAt = now;
  }

  /** Drops the silent ones; returns their ids. */
  dropSilent(now: number): string[] {
    const lost = [...this.workers.values()]
      .filter(({ heardAt }) => now - heardAt > this.silenceMs)
      .map(({ id }) => id);
    for (const id of lost) this.workers.delete(id);
    return lost;
  }

  /** Trainers alive, ids ascending. */
  trainers(): Worker[] {
    return [...this.workers.values()]
      .filter(({ role }) => role === 'trainer')
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  alive(id: string): boolean {
    return this.workers.has(id);
  }
}
