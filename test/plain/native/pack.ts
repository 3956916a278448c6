/** Writes small wheels (PKZIP files with Python's metadata), so that pip and our reader meet real files. */

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';

export interface PackedFile {
  readonly name: string;
  readonly data: Buffer;
  readonly stored?: boolean;
  readonly executable?: boolean;
}

/** The bytes of a ZIP file. */
export function pack(files: readonly PackedFile[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data, stored = false, executable = false } of files) {
    const body = stored ? data : deflateRawSync(data);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(stored ? 0 : 8, 4);
    common.writeUInt32LE(0x00210000, 6); // 1 January 1980.
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(body.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from([0x50, 0x4b, 3, 4]), common, Buffer.from(name), body]);
    const attributes = Buffer.alloc(14);
    attributes.writeUInt32LE(((executable ? 0o100755 : 0o100644) << 16) >>> 0, 6);
    attributes.writeUInt32LE(offset, 10);
    directory.push(
      Buffer.concat([Buffer.from([0x50, 0x4b, 1, 2, 20, 3]), common, attributes, Buffer.from(name)]),
    );
    parts.push(local);
    offset += local.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, index, end]);
}

/** Writes a wheel that pip accepts into `folder`; returns its path and SHA-256. */
export function writeWheel(
  folder: string,
  project: string,
  version: string,
  tags: string,
  files: readonly PackedFile[],
): { path: string; sha256: string } {
  const name = project.replaceAll('-', '_');
  const info = `${name}-${version}.dist-info`;
  const text = (file: string, content: string): PackedFile => ({
    name: `${info}/${file}`,
    data: Buffer.from(content),
  });
  const bytes = pack([
    ...files,
    text('METADATA', `Metadata-Version: 2.1\nName: ${project}\nVersion: ${version}\n`),
    text('WHEEL', `Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: ${tags}\n`),
    text('RECORD', ''),
  ]);
  const path = join(folder, `${name}-${version}-${tags}.whl`);
  writeFileSync(path, bytes);
  return { path, sha256: createHash('sha256').update(bytes).digest('hex') };
}
