import { expect, test } from 'vitest';
import { DEFAULTS } from '#emars/config/defaults.js';
import { duration, memory, percent, plain, withUnit } from '#emars/report/numbers.js';
import { timeShares } from '#emars/report/sections/section-cost.js';
import {
  cellSizes,
  differences,
  objectivesOf,
  positiveClass,
  settingText,
} from '#emars/report/sections/settings.js';

test('the defaults do not differ from themselves', () => {
  expect(differences(structuredClone(DEFAULTS) as unknown as Record<string, unknown>, DEFAULTS)).toEqual([]);
});

test('differences are named by path, with both values, lists whole', () => {
  const defaults = { seed: 1, net: { widths: [1, 2], head: 3 }, gone: true };
  expect(differences({ seed: 2, net: { widths: [1, 3], head: 3, extra: null } }, defaults)).toEqual([
    { path: 'seed', before: 1, now: 2 },
    { path: 'net.widths', before: [1, 2], now: [1, 3] },
    { path: 'net.extra', before: undefined, now: null },
    { path: 'gone', before: true, now: undefined },
  ]);
});

test('settings are written as in a file', () => {
  expect([
    settingText([1, 'a']),
    settingText({ name: 'size', module: null }),
    settingText(undefined),
    settingText(null),
  ]).toEqual(['[1, a]', '{name: size}', 'not set', 'null']);
});

test('objectives come from the configuration while there is no front, with their direction', () => {
  const settings = {
    objectives: ['accuracy', { name: 'size', direction: 'max' }, { name: 'beauty', direction: 'min' }],
  };
  expect(objectivesOf(settings, null, []).map(({ name, direction }) => `${name} ${direction}`)).toEqual([
    'accuracy max',
    'size max',
    'beauty min',
  ]);
});

test('the positive class is the configured one, else NCP or the like, else none', () => {
  expect(positiveClass({ data: { positive: 'CP' } }, ['CP', 'NCP'])).toBe('CP');
  expect(positiveClass({ data: { positive: 'gone' } }, ['CP', 'NCP'])).toBeNull();
  expect(positiveClass({ data: { positive: null } }, ['CP', 'NCP'])).toBe('NCP');
  expect(positiveClass({}, ['cat', 'dog'])).toBeNull();
});

test('the cells of the network group the blocks where the numbers agree', () => {
  expect(cellSizes({ supernet: { blocks: [2, 1] } }, 3)).toEqual([2, 1]);
  expect(cellSizes({ supernet: { blocks: [2, 1] } }, 4)).toEqual([4]);
});

test('time that no phase accounts for is named other, and shares sum to one', () => {
  const { total, phases } = timeShares({ trainSeconds: 6, evaluateSeconds: 2, totalSeconds: 10 });
  expect(total).toBe(10);
  expect(phases.map(({ name, share }) => [name, share])).toEqual([
    ['train', 0.6],
    ['evaluate', 0.2],
    ['other', 0.2],
  ]);
});

test('a phase that is not known here is shown under its own name', () => {
  expect(
    timeShares({ warmSeconds: 1, trainSeconds: 3 }).phases.map(({ name, share }) => [name, share]),
  ).toEqual([
    ['train', 0.75],
    ['warm', 0.25],
  ]);
});

test('numbers carry the digits they deserve', () => {
  expect([plain(0.0021), plain(-0.5), plain(1234.5), plain(12), plain(0.00001234), plain(0)]).toEqual([
    '0.0021',
    '−0.5',
    '1235',
    '12',
    '1.23e−5',
    '0',
  ]);
  expect(withUnit(0.8333, { name: 'accuracy', unit: '' })).toBe('83.3\u202f%');
  expect(withUnit(0.0021, { name: 'potential', unit: 'share/epoch' })).toBe('0.0021\u202fper epoch');
  expect(
    [duration(59.96), duration(60), duration(7620), duration(3599.7)].map((text) => text.replace(/\s/g, ' ')),
  ).toEqual(['60.0 s', '1 min 00 s', '2 h 07 min', '1 h 00 min']);
  expect(percent(-0.04)).toBe('−4.0\u202f%');
  expect(memory(2 ** 30 * 1.5)).toBe('1.50\u202fGiB');
});
