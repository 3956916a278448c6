import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { extractWheel, readWheelText, sha256OfFile } from '#emars/native/wheel.js';
import { pack, type PackedFile } from './pack.js';

const folder = mkdtempSync(join(tmpdir(), 'emars-wheel-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const large = randomBytes(3 << 20);
const files: PackedFile[] = [
  { name: 'a/small.txt', data: Buffer.from('small') },
  { name: 'a/empty', data: Buffer.alloc(0) },
  { name: 'a/stored', data: Buffer.from('stored'), stored: true },
  { name: 'a/large', data: large },
  { name: 'a/large-stored', data: large, stored: true },
  { name: 'bin/program', data: Buffer.from('#!/bin/sh\n'), executable: true },
  { name: 'not/wanted', data: Buffer.from('x') },
];

function write(name: string, bytes: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const all = (name: string): string => name;

describe('the reader of wheels', () => {
  it('takes out what is wanted, byte for byte, and nothing else', async () => {
    const target = join(folder, 'out');
    const written = await extractWheel(write('good.whl', pack(files)), target, (name) =>
      name.startsWith('not/') ? null : name,
    );
    expect([...written.keys()]).toEqual(files.slice(0, -1).map(({ name }) => name));
    for (const { name, data } of files.slice(0, -1))
      expect(readFileSync(join(target, name)).equals(data)).toBe(true);
    expect(existsSync(join(target, 'not'))).toBe(false);
    expect(statSync(join(target, 'bin/program')).mode & 0o777).toBe(0o755);
    expect(await readWheelText(join(folder, 'good.whl'), 'small.txt')).toBe('small');
  });

  it('agrees with a known hash of a file', async () => {
    expect(await sha256OfFile(write('large', large))).toBe(createHash('sha256').update(large).digest('hex'));
  });

  it.each(['a/large', 'a/large-stored', 'a/small.txt'])(
    'refuses a wheel in which a byte of %s is damaged',
    async (name) => {
      const bytes = pack(files);
      // The name comes twice, in the local header and in the directory; the data follow the first.
      const at = bytes.indexOf(name) + name.length + 4;
      bytes[at] = (bytes[at] ?? 0) ^ 0xff;
      await expect(extractWheel(write('damaged.whl', bytes), join(folder, 'damaged'), all)).rejects.toThrow(
        /damaged|invalid|incorrect|too far/,
      );
    },
  );

  it('refuses a wheel that is cut short, at any length', async () => {
    const bytes = pack(files.slice(0, 3));
    for (let length = 0; length < bytes.length; length += 7) {
      await expect(
        extractWheel(write('short.whl', bytes.subarray(0, length)), join(folder, 'short'), all),
      ).rejects.toThrow(/cut short/);
    }
  });

  it.each(['../outside', '/etc/outside', 'a/../../outside', 'a\\outside', 'a//outside'])(
    'refuses the path %s',
    async (name) => {
      const path = write('escape.whl', pack([{ name, data: Buffer.from('x') }]));
      await expect(extractWheel(path, join(folder, 'escape', 'deep'), all)).rejects.toThrow(
        /would leave the folder/,
      );
    },
  );

  it('refuses an entry that declares less than it holds, without inflating all of it', async () => {
    const bomb = pack([{ name: 'bomb', data: Buffer.alloc(4 << 20) }]);
    const directory = bomb.lastIndexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    bomb.writeUInt32LE(100, directory + 24);
    await expect(extractWheel(write('bomb.whl', bomb), join(folder, 'bomb'), all)).rejects.toThrow(/damaged/);
  });
});
