/** What others bring that is no scan: a model, an architecture, credentials, the words of an objective's process. */
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sandboxReply } from '#emars/actors/objective/sandbox-messages.js';
import { ModelError } from '#emars/model/errors.js';
import { readArchitecture } from '#emars/model/read-architecture.js';
import { readModel } from '#emars/model/read-model.js';
import type { ModelDescription } from '#emars/model/schema.js';
import { writeModel } from '#emars/model/write-model.js';
import { networkOf } from '#emars/network/architecture.js';
import { initialiseParameters, initialStatistics } from '#emars/network/initialise.js';
import { CredentialsError, readCredentials, writeCredentials } from '#emars/run/credentials.js';
import type { FuzzTarget } from '../target.js';
import { demand, demandSame, fileOf, folderFor, takenOrOneLine } from '../target.js';

const MODEL: ModelDescription = {
  architecture: {
    kind: 'path',
    space: {
      ...{ stem: 2, widths: [3, 4], strides: [2, 2], blocks: [1, 1], head: 4, classes: 2 },
      operations: ['mb_k3_e2', 'skip'],
    },
    genome: ['mb_k3_e2', 'skip'],
  },
  input: { slices: 8, size: 16, crop: 0.5 },
  classes: ['a', 'b'],
  positive: 'b',
  preprocessing: { window: { low: -1350, high: 150 }, mean: 0.3, std: 0.2 },
  training: { seed: 1, epochs: 2, chosenEpoch: null, options: { optimizer: 'adam' } },
  data: { splitSha256: null, training: 4, validation: 1, test: 0 },
  temperature: 1.25,
  metrics: { validation: null, test: null },
};

export const model: FuzzTarget = {
  name: 'model',
  seeds: async () => {
    const { layout } = networkOf(MODEL.architecture);
    const weights = { parameters: initialiseParameters(layout, 1), statistics: initialStatistics(layout) };
    await writeModel(folderFor('model'), MODEL, weights);
    return [readFileSync(join(folderFor('model'), 'model.json'))];
  },
  run: async (bytes) => {
    const path = fileOf('model', 'model.json', bytes);
    const read = await takenOrOneLine(() => readModel(path), ModelError);
    if (read === null) return false;
    const { document, network, weights } = read;
    demand(weights.parameters.length === network.layout.parameterCount, 'another number of weights');
    demand(document.classes.length === network.layout.classifier.outputs, 'another number of classes');
    const copy = folderFor('model-again');
    const { architecture: built, input, classes, positive, preprocessing } = document;
    const { training, data, temperature, metrics } = document;
    const scaled = { preprocessing, training, data, temperature, metrics };
    await writeModel(copy, { architecture: built, input, classes, positive, ...scaled }, weights);
    const again = await readModel(copy);
    demandSame(again.document, document, 'a model');
    demandSame(again.weights, weights, 'its weights');
    return true;
  },
};

const ARCHITECTURES: readonly object[] = [
  MODEL.architecture,
  { kind: 'baseline', baseline: 'densenet3d-small', classes: 2 },
  MODEL,
  { genome: ['skip'], architecture: MODEL.architecture, input: MODEL.input },
];

export const architecture: FuzzTarget = {
  name: 'architecture',
  seeds: () => Promise.resolve(ARCHITECTURES.map((value) => Buffer.from(JSON.stringify(value)))),
  run: async (bytes) => {
    const read = await takenOrOneLine(
      () => readArchitecture(fileOf('architecture', 'a.json', bytes)),
      ModelError,
    );
    if (read === null) return false;
    const text = JSON.stringify(read.architecture);
    const again = await readArchitecture(fileOf('architecture', 'again.json', Buffer.from(text)));
    demandSame(again.architecture, read.architecture, 'an architecture');
    return true;
  },
};

const SEED = `SU${'A'.repeat(56)}`;
const CREDENTIALS = [
  JSON.stringify({
    ...{ format: 1, urls: ['tls://h:4222'], ca: '-----BEGIN CERTIFICATE-----' },
    keys: [{ role: 'trainer', id: 't', seed: SEED }],
  }),
  `${SEED}\n`,
  'user:password\n',
  '-----BEGIN NATS USER JWT-----\nx\n',
];

export const credentials: FuzzTarget = {
  name: 'credentials',
  seeds: () => Promise.resolve(CREDENTIALS.map((text) => Buffer.from(text))),
  run: async (bytes) => {
    const path = fileOf('credentials', 'creds', bytes);
    chmodSync(path, 0o600);
    const read = await takenOrOneLine(() => {
      try {
        return readCredentials(path);
      } catch (error) {
        demand(!(error as Error).message.includes(SEED), 'a refusal that quotes a key');
        throw error;
      }
    }, CredentialsError);
    if (read === null) return false;
    const { login, urls, ca } = read;
    if (login.kind !== 'keys') return true;
    await writeCredentials(path, { format: 1, urls: [...urls], ca, keys: login.keys });
    demandSame(readCredentials(path), read, 'credentials');
    return true;
  },
};

const REPLIES: readonly object[] = [
  { kind: 'described', description: { name: 'memory', unit: 'MB', direction: 'min', needs: 'genome' } },
  { kind: 'unfit', reason: 'no such module' },
  { kind: 'value', call: 3, value: 0.5, defined: true },
  { kind: 'failure', call: 3, reason: 'no such layer' },
];

export const objectiveReply: FuzzTarget = {
  name: 'objective-reply',
  seeds: () => Promise.resolve(REPLIES.map((reply) => Buffer.from(JSON.stringify(reply)))),
  run: (bytes) => {
    let said: unknown;
    try {
      said = JSON.parse(Buffer.from(bytes).toString('utf8'));
    } catch {
      return Promise.resolve(false); // Node itself ends such a channel.
    }
    const { success, data } = sandboxReply.safeParse(said);
    if (!success) return Promise.resolve(false);
    if (data.kind === 'value')
      demand(Number.isFinite(data.value) && data.call >= 0, `the value ${data.value}`);
    if ('reason' in data) demand(data.reason.length <= 2000, 'a reason without an end');
    demandSame(sandboxReply.parse(JSON.parse(JSON.stringify(data))), data, 'a reply');
    return Promise.resolve(true);
  },
};
