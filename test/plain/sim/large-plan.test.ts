/** A plan larger than any message of the bus, in a simulated cluster: packed, it reaches members and who joins later. */
import { expect, it } from 'vitest';
import { encode, MESSAGE_LIMIT } from '#emars/wire/messages.js';
import { Cluster } from '../../sim/cluster/cluster.js';
import { BASE, CASES } from '../../sim/cluster/rules.js';
import { plain } from '../../sim/simulate.js';

const INDIVIDUALS = 20_000;
const LARGE = {
  ...CASES[0]!,
  name: `an epoch of ${INDIVIDUALS} individuals`,
  rules: { ...BASE, space: { ...BASE.space, blocks: [12, 10] }, stepsPerEpoch: INDIVIDUALS / 2 },
};

it(`two trainers begin an epoch of ${INDIVIDUALS} individuals, and a third takes part in it from its middle on`, () => {
  const cluster = new Cluster(
    { ...plain(LARGE), late: 1, faults: [{ kind: 'join', at: 500, actor: 'trainer-2' }] },
    { transcript: true },
  );
  cluster.runUntil(8);
  const { plan } = cluster.search!;
  expect(plan!.individuals).toHaveLength(INDIVIDUALS);
  const unpacked = plan!.individuals.reduce(
    (bytes, { id, genome }) => bytes + id.length + genome.join('').length,
    0,
  );
  expect(unpacked).toBeGreaterThan(2 * MESSAGE_LIMIT);
  const individuals = plan!.individuals.map(({ id, genome }) => ({ id, genome: [...genome] }));
  const packed = encode('Directive', {
    plan: { snapshot: null, firstStep: 0, startStep: 0, individuals, schedule: plan!.schedule.flat() },
  });
  expect(packed.length).toBeLessThan(MESSAGE_LIMIT);
  const said = cluster.lines!.map(({ who, text }) => `${who} ${text}`);
  expect(said).toContainEqual(expect.stringMatching(/^trainer-2 has the weights, and takes part from step/));
});
