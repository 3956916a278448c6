/** Transcripts as files: what a scenario comes to, as text; reading and writing them. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe } from '../faults/fault.js';
import { linesOf } from '../report/print.js';
import { simulate } from '../simulate.js';
import { ON_DISK, transcriptOnDisk } from './on-disk.js';
import type { Scenario } from './scenarios.js';
import { SCENARIOS } from './scenarios.js';

const SAME = 'front, measurements and weights as without the fault';

/** The whole transcript. */
export function transcriptOf({ row, plan, result }: Scenario): string {
  const { failure, lines, faults, isOver } = simulate(plan, { transcript: true });
  const { search, trainers, evaluators, foreign } = plan;
  return [
    `Fault: ${row}`,
    `Search: ${search.name}; trainers ${trainers}, evaluators ${evaluators}`,
    ...plan.faults.map((fault) => `At ${describe(fault)}`),
    ...foreign.map((id) => `${id} is on another kind of host`),
    'Columns: virtual seconds, who, what',
    '',
    ...linesOf(lines),
    '',
    `Injected: ${Object.keys(faults).sort().join(', ') || 'nothing'}`,
    `Result: ${failure ?? result ?? (isOver ? SAME : 'the search has stopped')}`,
    '',
  ].join('\n');
}

export async function rewriteTranscripts(folder: string): Promise<number> {
  for (const name of readdirSync(folder)) if (name.endsWith('.txt')) rmSync(`${folder}/${name}`);
  for (const scenario of SCENARIOS) writeFileSync(`${folder}/${scenario.file}.txt`, transcriptOf(scenario));
  for (const each of ON_DISK) writeFileSync(`${folder}/${each.file}.txt`, await transcriptOnDisk(each));
  process.stdout.write(`${SCENARIOS.length + ON_DISK.length} transcripts written to ${folder}\n`);
  return 0;
}

export function readTranscript(folder: string, file: string): string {
  return readFileSync(`${folder}/${file}.txt`, 'utf8');
}
