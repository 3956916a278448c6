/** DICOM slices for tests, explicit little endian; any element may lie. */

export interface Slice {
  readonly z?: number;
  readonly position?: readonly number[];
  readonly directions?: readonly number[];
  readonly series?: string;
  readonly number?: number;
  readonly study?: string;
  readonly patient?: string;
  readonly modality?: string;
  readonly imageType?: string;
  readonly rows?: number;
  readonly columns?: number;
  readonly frames?: number;
  readonly samples?: number;
  readonly bits?: number;
  readonly syntax?: string;
  readonly value?: number;
  readonly pixels?: Buffer;
  /** Put in front of the pixel data as they are. */
  readonly before?: Buffer;
}

export function element(tag: number, vr: string, value: Buffer | string | number): Buffer {
  let bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(value), 'latin1');
  if (typeof value === 'number' && vr === 'US') {
    bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(value);
  }
  if (bytes.length % 2 === 1) bytes = Buffer.concat([bytes, Buffer.from(vr === 'UI' ? '\0' : ' ')]);
  const long = ['OB', 'OW', 'SQ', 'UN'].includes(vr);
  const head = Buffer.alloc(long ? 12 : 8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.write(vr, 4, 'latin1');
  if (long) head.writeUInt32LE(bytes.length, 8);
  else head.writeUInt16LE(bytes.length, 6);
  return Buffer.concat([head, bytes]);
}

/** A slice of 4 × 4 pixels where nothing else is said. */
export function slice(of: Slice = {}): Buffer {
  const { rows = 4, columns = 4, bits = 12 } = of;
  const pixels = of.pixels ?? Buffer.from(new Uint16Array(16).fill(of.value ?? 0).buffer);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(0x0002_0010, 'UI', of.syntax ?? '1.2.840.10008.1.2.1'),
    element(0x0008_0008, 'CS', of.imageType ?? 'ORIGINAL\\PRIMARY\\AXIAL'),
    element(0x0008_0060, 'CS', of.modality ?? 'CT'),
    element(0x0010_0010, 'PN', 'Lovelace^Augusta'),
    element(0x0010_0020, 'LO', of.patient ?? 'MRN-4711'),
    element(0x0020_000d, 'UI', of.study ?? '1.2.3'),
    element(0x0020_000e, 'UI', of.series ?? '1.2.3.4'),
    element(0x0020_0011, 'IS', of.number ?? 2),
    element(0x0020_0032, 'DS', (of.position ?? [0, 0, of.z ?? 0]).join('\\')),
    element(0x0020_0037, 'DS', (of.directions ?? [1, 0, 0, 0, 1, 0]).join('\\')),
    element(0x0028_0002, 'US', of.samples ?? 1),
    element(0x0028_0004, 'CS', 'MONOCHROME2'),
    element(0x0028_0008, 'IS', of.frames ?? 1),
    element(0x0028_0010, 'US', rows),
    element(0x0028_0011, 'US', columns),
    element(0x0028_0030, 'DS', '1\\1'),
    element(0x0028_0100, 'US', 16),
    element(0x0028_0101, 'US', bits),
    element(0x0028_0102, 'US', Math.max(0, bits - 1)),
    element(0x0028_0103, 'US', 0),
    element(0x0028_1052, 'DS', '-1024'),
    element(0x0028_1053, 'DS', '1'),
    of.before ?? Buffer.alloc(0),
    element(0x7fe0_0010, 'OW', pixels),
  ]);
}

/** Slices at the given heights, as files of a folder; `named` gives the name of the i-th. */
export function series(
  folder: string,
  heights: readonly number[],
  of: Slice = {},
  named = (i: number): string => `${i}.dcm`,
): Record<string, Buffer> {
  return Object.fromEntries(
    heights.map((z, i) => [`${folder}/${named(i)}`, slice({ z, value: Math.round(z) + 1024, ...of })]),
  );
}
