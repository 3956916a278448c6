/** A member of our side: a trainer's shell as in a run, with a replica that computes nothing. */
import { loadOptions } from '#emars/config/load.js';
import { deadlinesOf, startTrainer, TRAINER_TIMING } from '#emars/actors/trainer/trainer-shell.js';
import type { ReplicaCommand, TrainerInput } from '#emars/protocol/trainer/commands.js';
import { connect } from '#emars/runtime/bus/connection.js';
import { subjectsOf } from '#emars/wire/subjects.js';
import { type MemberSetup, VECTOR_FLOATS, vectorOf } from './contest.js';

const { url, login, run, id, members } = JSON.parse(process.argv[2]!) as MemberSetup;
const bus = await connect({ url, login, name: id, echo: false });
const vector = vectorOf(Number(id.split('-')[1]));

function work(command: ReplicaCommand): TrainerInput {
  switch (command.kind) {
    case 'load-epoch':
    case 'join-epoch':
      return { kind: 'epoch-loaded', lengths: [VECTOR_FLOATS], error: null };
    case 'compute':
      // Its own memory, as of a slot that was computed.
      return { kind: 'slot-computed', vector: vector.slice() };
    case 'apply':
      return { kind: 'applied', digest: null, failure: null };
    case 'digest':
      return { kind: 'digested', sha256: 'ab'.repeat(32) };
    case 'write-snapshot':
      return { kind: 'snapshot-written', error: null };
  }
}

const trainer = startTrainer({
  bus,
  subjects: subjectsOf(run),
  setup: {
    id,
    individualsPerStep: 1,
    microBatches: members,
    checkDigestEvery: 2 ** 31,
    stateWords: 16,
    ...TRAINER_TIMING,
    deadlines: deadlinesOf(loadOptions({})),
  },
  work: {
    run: (command) => Promise.resolve(work(command)),
    copy: () => ({ step: 0, words: new Float32Array(16), digest: 'ab'.repeat(32) }),
  },
  taker: { pause: () => Promise.resolve(), resume: () => undefined },
  onError: (error) => {
    throw error;
  },
});
await bus.flush();
trainer.welcome(1);
bus.publish(`${run}.ready.${id}`, new Uint8Array(0));
