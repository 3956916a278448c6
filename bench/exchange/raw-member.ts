/**
 * A member of the raw side: NATS's client alone. It publishes its vector in chunks when it is told to, and says so when
 * as many bytes have come from the others; nothing is checked, copied or kept.
 */
import { connect } from '@nats-io/transport-node';
import { loginOptions } from '#emars/runtime/bus/login.js';
import { bytesOf } from '#emars/gradient/chunks.js';
import { CHUNK_BYTES } from '#emars/wire/messages.js';
import { type MemberSetup, VECTOR_FLOATS, vectorOf } from './contest.js';

const { url, login, run, id, members } = JSON.parse(process.argv[2]!) as MemberSetup;
const nats = await connect({ servers: url, ...loginOptions(url, login, null), name: id, noEcho: true });
const bytes = bytesOf(vectorOf(Number(id.split('-')[1])));
const expected = (members - 1) * 4 * VECTOR_FLOATS;
let received = 0;

nats.subscribe(`${run}.chunk.*`, {
  callback: (_, { data }) => {
    received += data.length;
    if (received === expected) {
      received = 0;
      nats.publish(`${run}.done.${id}`);
    }
  },
});
nats.subscribe(`${run}.go`, {
  callback: () => {
    for (let from = 0; from < bytes.length; from += CHUNK_BYTES)
      nats.publish(`${run}.chunk.${id}`, bytes.subarray(from, from + CHUNK_BYTES));
  },
});
await nats.flush();
nats.publish(`${run}.ready.${id}`);
