/**
 * `npm run bench:data [-- --rounds N] [--scans N] [--json]`: files of scans to cached volumes, 60 x 512 x 512 to 60 x 64 x 64,
 * two workers a side, beside Pillow, tifffile (with imagecodecs) and nibabel. The peers' own writers make the files. The sides
 * take turns; the first round is not counted. Ours hash, check and write with checksums, and start their threads within the
 * time; the peers' processes are there before. Exit code 1: a goal is missed.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Contestant } from '../contestant.js';
import { type Peer, peerPython, peerVersions } from '../python-environment.js';
import { isMissed, machine, type Ratio, ratioTable, roundsOf } from '../ratios.js';
import { type DataAnswer, type DataTask, type Discipline, disciplines, SCAN } from './contest.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    scans: { type: 'string', default: '12' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = roundsOf(values.rounds, 2);
const scans = Number(values.scans);
if (!Number.isInteger(scans) || scans < 2 || scans > SCAN.depth)
  throw new RangeError(`--scans: expected an integer from 2 to ${SCAN.depth}, got ${values.scans}`);

/** Greatest difference of two means: Pillow rounds averages to whole grey values. */
const NEARLY = 0.002;

const source = (name: string): string => fileURLToPath(new URL(`../../bench/${name}`, import.meta.url));
const peer: Peer = {
  name: 'Pillow, tifffile and nibabel',
  folder: 'bench-venv-data',
  requirements: source('data-requirements.txt'),
  modules: ['PIL.Image', 'tifffile', 'imagecodecs', 'nibabel'],
  packages: ['pillow', 'tifffile', 'imagecodecs', 'nibabel', 'numpy'],
};
const python = peerPython(peer);
const sizes = [SCAN.depth, SCAN.side, SCAN.size, SCAN.workers].map(String);
const peers = new Contestant<DataTask, DataAnswer>(
  'the peers',
  python,
  [source('data/python_peers.py'), ...sizes],
  { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
);
const ourSide = fileURLToPath(new URL('ours.js', import.meta.url));
const ours = new Contestant<DataTask, DataAnswer>('EMARS', process.execPath, [ourSide], {});
const root = mkdtempSync(join(tmpdir(), 'emars-bench-data-'));

/** Milliseconds a scan of one side. */
async function timeOf(
  side: Contestant<DataTask, DataAnswer>,
  { kind }: Discipline,
): Promise<{ milliseconds: number; mean: number }> {
  const out = join(root, 'out');
  mkdirSync(out);
  const answer = await side.ask({ task: 'decode', kind, folder: join(root, kind), out, scans });
  rmSync(out, { recursive: true });
  const { means, milliseconds } = answer;
  if (means.length !== scans) throw new Error(`expected ${scans} scans, got ${means.length}`);
  return {
    milliseconds: milliseconds / scans,
    mean: means.reduce((sum, value) => sum + value, 0) / scans,
  };
}

async function contest(discipline: Discipline): Promise<Ratio> {
  const [our, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const [mine, other] = [await timeOf(ours, discipline), await timeOf(peers, discipline)];
    if (Math.abs(mine.mean - other.mean) > NEARLY)
      throw new Error(
        `${discipline.name}: expected both sides to read alike, got ${mine.mean}, ${other.mean}`,
      );
    if (round === 0) continue;
    our.push(mine.milliseconds);
    theirs.push(other.milliseconds);
  }
  const { name, goal } = discipline;
  return { what: `a scan of ${name}`, ours: our, peer: discipline.peer, peers: theirs, goal };
}

const rows: Ratio[] = [];
try {
  await peers.ask({ task: 'make', kind: 'png', folder: root, out: '', scans });
  for (const discipline of disciplines) rows.push(await contest(discipline));
} finally {
  ours.end();
  peers.end();
  rmSync(root, { recursive: true, force: true });
}
if (values.json) console.log(JSON.stringify(rows));
else
  console.log(
    `${ratioTable(rows)}\n\n${machine()}; ${peerVersions(python, peer)}; ${scans} scans, ${rounds} rounds`,
  );
if (rows.some(isMissed)) process.exitCode = 1;
