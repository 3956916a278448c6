/**
 * `npm run bench:selection [-- --rounds N] [--json]`: one NSGA-III selection and one non-dominated sort beside pymoo's,
 * on the same values. The sides take turns, and the first tenth of the rounds is not counted. Exit code 1: a
 * goal is missed.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Contestant } from '../contestant.js';
import { pymoo } from '../pymoo-peer.js';
import { peerPython, peerVersions } from '../python-environment.js';
import { isMissed, machine, type Ratio, ratioTable, roundsOf } from '../ratios.js';
import type { SelectionAnswer, SelectionTask } from './contest.js';
import { disciplines } from './contest.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '60' }, json: { type: 'boolean', default: false } },
});
const rounds = roundsOf(values.rounds, 10);

const source = (name: string): string => fileURLToPath(new URL(`../../bench/${name}`, import.meta.url));
const python = peerPython(pymoo);
const ourSide = fileURLToPath(new URL('ours.js', import.meta.url));

const field = [
  new Contestant<SelectionTask, SelectionAnswer>('EMARS', process.execPath, [ourSide], {}),
  new Contestant<SelectionTask, SelectionAnswer>('pymoo', python, [source('selection/pymoo_selection.py')], {
    OMP_NUM_THREADS: '1',
    OPENBLAS_NUM_THREADS: '1',
  }),
] as const;

const rows: Ratio[] = [];
try {
  for (const { name, goal, task } of disciplines) {
    const [ours, peers]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      const answers = [await field[0].ask(task), await field[1].ask(task)] as const;
      if (JSON.stringify(answers[0].check) !== JSON.stringify(answers[1].check))
        throw new Error(`${name}: expected equal fronts and numbers of survivors from both sides`);
      if (round < rounds / 10) continue;
      ours.push(answers[0].milliseconds);
      peers.push(answers[1].milliseconds);
    }
    rows.push({ what: name, ours, peer: 'pymoo', peers, goal });
  }
} finally {
  for (const contestant of field) contestant.end();
}
if (values.json) console.log(JSON.stringify(rows));
else console.log(`${ratioTable(rows)}\n\n${machine()}; ${peerVersions(python, pymoo)}; ${rounds} rounds`);
if (rows.some(isMissed)) process.exitCode = 1;
