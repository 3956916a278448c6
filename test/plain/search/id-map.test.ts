import { describe, expect, it } from 'vitest';
import { generator } from '#emars/random/generator.js';
import { IdMap } from '#emars/search/id-map.js';

const idOf = (n: number): string =>
  Array.from({ length: 16 }, (_, i) => generator(1, 'id', n, i).integer(16).toString(16)).join('');

const mapOf = (ids: readonly string[]): IdMap<number> =>
  ids.reduce((map, id, value) => map.with(id, value), IdMap.empty<number>());

describe('a map by id', () => {
  it('says what a Map says, over random insertions and replacements', () => {
    const random = generator(2, 'id map');
    const twin = new Map<string, number>();
    let map = IdMap.empty<number>();
    for (let i = 0; i < 2000; i++) {
      const id = idOf(random.integer(700));
      twin.set(id, i);
      map = map.with(id, i);
      expect(map.size).toBe(twin.size);
    }
    const sorted = [...twin].sort(([a], [b]) => (a < b ? -1 : 1));
    expect([...map]).toEqual(sorted);
    expect([...map.keys()]).toEqual(sorted.map(([id]) => id));
    expect([...map.values()]).toEqual(sorted.map(([, value]) => value));
    const visited: [string, number][] = [];
    map.forEach((value, id) => visited.push([id, value]));
    expect(visited).toEqual(sorted);
    for (let n = 0; n < 800; n++) {
      expect(map.get(idOf(n))).toBe(twin.get(idOf(n)));
      expect(map.has(idOf(n))).toBe(twin.has(idOf(n)));
    }
  });

  it('says what a Map says by names of any kind, two of one hash among them', () => {
    const names = Array.from({ length: 1500 }, (_, n) => `trainer-${n}`);
    // Two pairs of one FNV-1a hash each: 1582148253 and 3792586706.
    const all = [...names, 'costarring', 'liquid', 'declinate', 'macallums', 'liquid-0', 'a', 'aa'];
    const twin = new Map(all.map((name, n) => [name, n]));
    const map = IdMap.byName(twin);
    expect(map.size).toBe(twin.size);
    for (const [name, n] of twin) expect(map.get(name)).toBe(n);
    expect(new Map(map)).toEqual(twin);
    expect(map.get('trainer-1500')).toBeUndefined();
    const backwards = IdMap.byName([...twin].reverse());
    expect([...backwards]).toEqual([...map]);
    expect(map.with('liquid', -1).get('costarring')).toBe(twin.get('costarring'));
  });

  it('keeps every older map as it was', () => {
    const ids = Array.from({ length: 100 }, (_, n) => idOf(n));
    const maps = ids.map((_, n) => mapOf(ids.slice(0, n)));
    let map = mapOf(ids);
    for (const id of ids) map = map.with(id, -1);
    maps.forEach((old, n) => {
      expect(old.size).toBe(n);
      expect([...old.values()].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    });
  });

  it('is the same tree for the same contents, in whatever order they came', () => {
    const ids = Array.from({ length: 60 }, (_, n) => idOf(n));
    const forwards = ids.reduce((map, id) => map.with(id, 1), IdMap.empty<number>());
    const backwards = [...ids].reverse().reduce((map, id) => map.with(id, 1), IdMap.empty<number>());
    expect(JSON.stringify(backwards)).toBe(JSON.stringify(forwards));
  });

  it('tells ids apart that differ in the last digit only, and refuses what is no id', () => {
    const [a, b] = ['0123456789abcde0', '0123456789abcde1'];
    const map = mapOf([a, b]);
    expect([map.get(a), map.get(b)]).toEqual([0, 1]);
    expect(() => map.with('0123456789abcde', 2)).toThrow(/hexadecimal digits/);
    expect(() => map.with('who is this?', 2)).toThrow(/hexadecimal digits/);
  });
});
