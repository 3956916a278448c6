/** ARCHITECTURE.md against the code: the import table against the machine's rules, the rooms against the folders. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT, textOf } from './pages.js';

interface Rule {
  readonly name: string;
  readonly from: { readonly path?: string; readonly pathNot?: string };
  readonly to: { readonly path?: string; readonly pathNot?: string };
}

const { forbidden } = createRequire(import.meta.url)(join(ROOT, '.dependency-cruiser.cjs')) as {
  forbidden: readonly Rule[];
};
const page = textOf('ARCHITECTURE.md');

/** Room → rooms it may import, as the page says. */
function tableOfPage(): Map<string, string[]> {
  const [, section = ''] = /## Rooms of `src\/`\n([\s\S]*?)\n## /.exec(page) ?? [];
  return new Map(
    [...section.matchAll(/^\| `(\w+)` \|.*\| ([^|]+) \|$/gm)].map(([, room = '', others = '']) => [
      room,
      others === 'nothing' ? [] : others.split(', '),
    ]),
  );
}

/** The same from the rules: all of src is forbidden but the room itself, `errors`, and what the pattern lets through. */
function tableOfRules(): Map<string, string[]> {
  return new Map(
    forbidden.flatMap(({ from, to }) => {
      const room = /^\^src\/(\w+)\/$/.exec(from.path ?? '')?.[1];
      const others = /^\^src\/\((.*)\)\/$/.exec(to.pathNot ?? '')?.[1];
      return room === undefined || others === undefined
        ? []
        : [[room, others.split('|').filter((other) => other !== room && other !== 'errors')] as const];
    }),
  );
}

it('the import table is the one that the machine checks', () => {
  const table = tableOfPage();
  expect(table.get('app')).toEqual(['all']);
  table.delete('app');
  expect(table.size).toBeGreaterThan(10);
  expect(table).toEqual(tableOfRules());
});

it('every folder of src is a room in the table', () => {
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect([...tableOfPage().keys()].sort()).toEqual(folders.sort());
});

it('the sole importers of libraries are the ones it names', () => {
  const rules = forbidden.filter(({ name }) => name.includes('sole importer'));
  const importers = rules.map(({ from, to }) => `${to.path ?? ''} ${from.pathNot ?? ''}`).sort();
  expect(importers).toEqual([
    'node_modules/@nats-io ^src/runtime/bus/',
    'node_modules/@tensorflow ^src/tensor/',
    'node_modules/protobufjs ^src/wire/',
  ]);
  expect(page.replaceAll('\n', ' ')).toContain(
    'Only `tensor` imports TensorFlow, only `runtime/bus` imports NATS, only `wire` imports protobuf.',
  );
});

it('the diagram stays within a line of 100 characters', () => {
  const blocks = [...page.matchAll(/```text\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  expect(blocks.length).toBeGreaterThan(2);
  for (const line of blocks.flatMap((text) => text.split('\n'))) expect(line.length).toBeLessThanOrEqual(100);
});
