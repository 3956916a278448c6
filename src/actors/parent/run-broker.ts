/** The broker of a run: our own, with keys made for this run, or one that others run. */
import { randomBytes } from 'node:crypto';
import { knownRunId, writeBusAccess } from '../../run/bus-access.js';
import type { BrokerAccess } from '../../run/credentials.js';
import type { RunFolder } from '../../run/folder.js';
import { issueKeysOfRun } from '../../run/keys.js';
import type { Broker } from '../../runtime/broker/broker.js';
import { startBroker } from '../../runtime/broker/broker.js';

export interface BrokerSetup {
  readonly folder: RunFolder;
  readonly trainers: number;
  readonly natsBinary: string;
  readonly foreign: BrokerAccess | null;
}

/**
 * Sees to a broker and writes how to reach it (`bus.json`). `broker`: null where it is not ours; `run`: the run's
 * id on it. Errors: BrokerStartError.
 */
export async function openBroker(setup: BrokerSetup): Promise<{ broker: Broker | null; run: string }> {
  const { folder, trainers, natsBinary, foreign } = setup;
  // The same id on a resume: what a foreign broker still holds is found again.
  const run = (await knownRunId(folder.bus)) ?? randomBytes(6).toString('hex');
  if (foreign !== null) {
    await writeBusAccess(folder.bus, { run, ...foreign });
    return { broker: null, run };
  }
  const { login, users } = issueKeysOfRun(run, trainers);
  const files = { storeDir: folder.broker, logFile: folder.log('broker') };
  const broker = await startBroker({ binary: natsBinary, ...files, users });
  await writeBusAccess(folder.bus, { run, url: broker.url, ca: null, login });
  return { broker, run };
}
