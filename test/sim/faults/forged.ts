/** Messages that no actor of the run has sent: of a stranger who has its password. */
import type { MessageName } from '#emars/wire/messages.js';
import { encode } from '#emars/wire/messages.js';
import { checksumOf } from '#emars/wire/packing.js';
import type { Subjects } from '#emars/wire/subjects.js';
import type { Cluster } from '../cluster/cluster.js';
import { SimProcess } from '../kernel/process.js';

interface Forgery {
  readonly what: string;
  readonly subject: string;
  readonly bytes: Uint8Array;
}

/** Would end the epoch under way at once, if it were followed. */
const PLAN = encode('Directive', {
  fence: 99,
  epoch: 1,
  members: ['trainer-0', 'trainer-1'],
  plan: null,
  step: null,
  end: { writer: 'trainer-0', commit: null },
});

/** With the checksum that a peer would put behind them: it is no secret. */
function sealed(name: MessageName, bytes: readonly number[]): Uint8Array {
  return Buffer.concat([Buffer.from(bytes), checksumOf(name, Buffer.from(bytes))]);
}

/** Field 1, a string of 300 letters: what encodes here would refuse it. */
const LONG_ID = sealed('Heartbeat', [0x0a, 0xac, 0x02, ...Array.from({ length: 300 }, () => 0x78)]);

function forgeries(kind: 'forged-plan' | 'garbage', subjects: Subjects): readonly Forgery[] {
  if (kind === 'forged-plan')
    return [{ what: 'sends a plan under fence 99: end the epoch', subject: subjects.directive, bytes: PLAN }];
  return [
    {
      what: 'sends three bytes as a chunk',
      subject: subjects.gradient,
      bytes: sealed('GradientChunk', [0xff, 0xff, 0xff]),
    },
    { what: 'sends a heartbeat with an id of 300 letters', subject: subjects.heartbeat, bytes: LONG_ID },
  ];
}

export function forge(kind: 'forged-plan' | 'garbage', cluster: Cluster): void {
  cluster.count('forged message');
  for (const { what, subject, bytes } of forgeries(kind, cluster.subjects)) {
    cluster.tell('stranger', what);
    cluster.bus.publish(new SimProcess('stranger', cluster.timeline), subject, bytes);
  }
}
