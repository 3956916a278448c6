/** Both sides, conducted: members started as processes, a round asked for, its end heard. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Bus } from '#emars/runtime/bus/bus.js';
import type { Broker } from '#emars/runtime/broker/broker.js';
import type { CommittedSlot } from '#emars/search/events.js';
import type { Draft, Message } from '#emars/wire/messages.js';
import { decode, encode } from '#emars/wire/messages.js';
import { subjectsOf } from '#emars/wire/subjects.js';
import { idOf, type MemberSetup, type Side } from './contest.js';

/** Processes of one side, which end with it. */
class Members {
  readonly ids: readonly string[];
  private readonly processes: ChildProcess[] = [];
  private wake: () => void = () => undefined;
  private failure: Error | null = null;

  constructor(
    readonly bus: Bus,
    readonly run: string,
    members: number,
  ) {
    this.ids = Array.from({ length: members }, (_, member) => idOf(member));
  }

  async start({ url, login }: Broker, script: string): Promise<void> {
    const ready = this.until('ready', () => undefined);
    const path = fileURLToPath(new URL(script, import.meta.url));
    for (const id of this.ids) {
      const setup: MemberSetup = { url, login, run: this.run, id, members: this.ids.length };
      const child = spawn(process.execPath, [path, JSON.stringify(setup)], { stdio: 'inherit' });
      child.once('exit', (code) => {
        this.failure = new Error(`expected ${id} to take part to the end, but it ended with ${code}`);
        this.wake();
      });
      this.processes.push(child);
    }
    await ready;
  }

  /** Resolves when all members have said `word`. */
  async until(word: string, begin: () => void): Promise<void> {
    const said = new Set<string>();
    const heard = this.bus.subscribe(`${this.run}.${word}.*`, (_, { subject }) => {
      said.add(subject);
      this.wake();
    });
    begin();
    await this.wait(() => said.size === this.ids.length);
    heard.close();
  }

  /** Resolves when `condition` holds; looked at when something comes. */
  async wait(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.failure !== null) throw this.failure;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  nudge(): void {
    this.wake();
  }

  end(): void {
    for (const child of this.processes) child.removeAllListeners('exit').kill();
  }
}

export async function rawSide(broker: Broker, bus: Bus, members: number): Promise<Side> {
  const all = new Members(bus, `raw${members}`, members);
  await all.start(broker, 'raw-member.js');
  return {
    round: () => all.until('done', () => bus.publish(`${all.run}.go`, new Uint8Array(0))),
    end: () => all.end(),
  };
}

/** Plays the evolution actor: a round is one step of one individual, a slot for each member. */
export async function ourSide(broker: Broker, bus: Bus, members: number, rounds: number): Promise<Side> {
  const all = new Members(bus, `emars${members}`, members);
  const subjects = subjectsOf(all.run);
  await all.start(broker, 'trainer-member.js');
  const held = new Map<string, Message<'SlotsHeld'>>();
  const ready = new Set<string>();
  bus.subscribe(subjects.ready, (bytes) => {
    ready.add(decode('EpochReady', bytes).id);
    all.nudge();
  });
  bus.subscribe(subjects.slots, (bytes) => {
    const report = decode('SlotsHeld', bytes);
    held.set(report.id, report);
    all.nudge();
  });
  const tell = (what: Draft<'Directive'>): void =>
    void bus.publish(
      subjects.directive,
      encode('Directive', { fence: 1, epoch: 1, members: all.ids, ...what }),
    );
  const individuals = [{ id: '0'.repeat(16), genome: ['any'] }];
  const schedule = Array<number>(rounds).fill(0);
  tell({ plan: { snapshot: null, firstStep: 0, startStep: 0, individuals, schedule } });
  await all.wait(() => ready.size === members);
  let step = 0;
  let commit: { readonly step: number; readonly slots: CommittedSlot[] } | null = null;
  return {
    round: async () => {
      const leases = all.ids.map((owner, slot) => {
        return { slot, owner, fence: 1, number: step * members + slot + 1, diverged: false };
      });
      tell({ step: { step, stepInEpoch: step, leases, commit, checks: [], joining: null } });
      const isWhole = (id: string): boolean => {
        const report = held.get(id);
        return report?.step === step && report.held.length === members;
      };
      await all.wait(() => all.ids.every(isWhole));
      const digests = all.ids.map((id) => held.get(id)!.held.map(({ digest }) => digest));
      if (new Set(digests.map(String)).size !== 1 || digests[0]!.includes(null))
        throw new Error('expected all members to hold the same vectors');
      commit = { step, slots: leases.map((lease, slot) => ({ ...lease, digest: digests[0]![slot]! })) };
      step++;
    },
    end: () => all.end(),
  };
}
