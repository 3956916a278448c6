/** `emars data inspect`: what a data folder holds, scan by scan, and what cannot be used. */
import type { Command } from 'commander';
import { loadOptions } from '../config/load.js';
import type { Inspection } from '../scan/catalogue/inspect.js';
import { requireFolder } from '../library/request.js';
import { configOption, jsonOption, setOption } from './arguments.js';
import { counter } from './counter.js';
import { commandExit } from '../errors/exit-codes.js';
import { interruptible } from './interrupt.js';
import { print, printJson, textTable } from './output.js';

interface Flags {
  readonly json?: boolean;
  readonly config?: string[];
  readonly set?: string[];
}

export function registerDataInspect(data: Command): void {
  data
    .command('inspect')
    .argument('<folder>', 'a folder of scans')
    .description(
      'read every scan: layout, classes, patients, shapes, values, ' +
        'and what cannot be read (exit code 3 if something cannot)',
    )
    .addOption(jsonOption())
    .addOption(configOption())
    .addOption(setOption())
    .addHelpText(
      'after',
      `
Examples:
  emars data inspect scans
  emars data inspect scans --json
  emars data inspect scans --set data.dicom.series=thinnest`,
    )
    .action(async (folder: string, { json, config, set }: Flags) => {
      requireFolder(folder, 'a folder of scans');
      const { inspectData } = await import('../scan/catalogue/inspect.js');
      const { dicom } = loadOptions({
        ...(config === undefined ? {} : { file: config }),
        ...(set === undefined ? {} : { set }),
      }).data;
      const found = await interruptible('', (signal) =>
        inspectData(folder, { dicom, signal, onProgress: counter('reading scans') }),
      );
      if (json === true) await printJson(found);
      else for (const line of describeInspection(found)) await print(line);
      if (found.problems.length > 0) process.exitCode = commandExit('data');
    });
}

/** Problems listed for people; all of them are in the JSON. */
const MOST_PROBLEMS = 20;

const range = (values: readonly number[]): string => {
  const [low, high] = [
    values.reduce((a, b) => Math.min(a, b), Infinity),
    values.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  return low === high ? String(low) : `${low}…${high}`;
};

/** The inspection in lines for people. */
export function describeInspection({ layout, classes, scans, problems, remarks }: Inspection): string[] {
  const patients = new Set(scans.map(({ patient }) => patient)).size;
  const rows = Object.entries(classes).map(([name, count]) => [
    name,
    String(count.patients),
    String(count.scans),
  ]);
  const sizes = [0, 1, 2].map((axis) => range(scans.map(({ shape }) => shape[axis] ?? 0)));
  const facts = [
    `slices x height x width  ${sizes.join(' x ')}`,
    `values                   ${range(scans.flatMap(({ min, max }) => [min, max]))} ` +
      `(${[...new Set(scans.map(({ dtype }) => dtype))].join(', ')})`,
  ];
  return [
    `layout ${layout}: ${scans.length} scans of ${patients} patients`,
    ...textTable(
      [{ head: 'class' }, { head: 'patients', align: 'right' }, { head: 'scans', align: 'right' }],
      rows,
    ).split('\n'),
    ...(scans.length === 0 ? [] : facts),
    ...remarks.map((remark) => `note: ${remark}`),
    ...problems.slice(0, MOST_PROBLEMS).map(({ path, reason }) => `problem: ${path}: ${reason}`),
    ...(problems.length > MOST_PROBLEMS
      ? [`and ${problems.length - MOST_PROBLEMS} more; --json lists all`]
      : []),
  ];
}
