/** New keys for a broker: one for each holder, and what the broker must know of them. */
import type { BrokerUser } from '../runtime/broker/broker-contract.js';
import { newUserKey, publicKeyOf } from '../runtime/bus/keys.js';
import type { KeyHolder } from '../wire/permissions.js';
import { ANYBODY, permissionsOf } from '../wire/permissions.js';
import { ANY } from '../wire/subjects.js';
import type { BrokerLogin, BusKey } from './credentials.js';

export interface IssuedKeys {
  readonly login: Extract<BrokerLogin, { kind: 'keys' }>;
  readonly users: readonly BrokerUser[];
}

/** Keys for the holders, for the run of this id. */
export function issueKeys(holders: readonly KeyHolder[], run: string): IssuedKeys {
  const keys = holders.map(({ role, id }): BusKey => ({ role, id, seed: newUserKey().seed }));
  return { login: { kind: 'keys', keys }, users: keys.map((key) => userOf(key, run)) };
}

/** Keys for all roles, of any id, in any run. */
export function issueKeysForAll(): IssuedKeys {
  return issueKeys(ANYBODY, ANY);
}

/** The keys of a run's own broker: one for each of its processes, and those of who joins through its folder. */
export function issueKeysOfRun(run: string, trainers: number): IssuedKeys {
  const workers = Array.from({ length: trainers }, (_, i): KeyHolder => ({
    role: 'trainer',
    id: `trainer-${i}`,
  }));
  const own: readonly KeyHolder[] = [
    { role: 'evolution', id: 'evolution' },
    { role: 'parent', id: 'parent' },
    ...workers,
    { role: 'evaluator', id: 'evaluator-0' },
  ];
  const guests = ANYBODY.filter(({ role }) => role !== 'evolution' && role !== 'parent');
  return issueKeys([...own, ...guests], run);
}

/** What a broker knows of a key. */
function userOf({ role, id, seed }: BusKey, run: string): BrokerUser {
  return { publicKey: publicKeyOf(seed), ...permissionsOf({ role, id }, run) };
}
