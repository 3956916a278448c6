/**
 * From the values of a slice as they are stored to what a network sees: window first, then crop and resize,
 * because averaging must not mix in what lies far outside the window.
 *
 * Where few values are possible (8 and 16 bits), the window is a table that is made once a scan.
 */
import type { NativeCodec } from '../native-codec.js';
import type { SliceValues, ValueUnit } from '../readers/reader.js';
import type { DecodeSettings } from './cache.js';
import { SliceResizer } from './resample.js';
import { applyWindow } from './window.js';

type Stored = Exclude<SliceValues, Float32Array>;

/** The extent of slices, and what their values mean. */
export interface SliceKind {
  readonly height: number;
  readonly width: number;
  readonly unit: ValueUnit;
}

export class SlicePreparer {
  private readonly resizer: SliceResizer;
  private table: Float32Array | null = null;

  constructor(
    private readonly kind: SliceKind,
    private readonly settings: DecodeSettings,
    private readonly codec: NativeCodec | null = null,
  ) {
    this.resizer = new SliceResizer(kind.height, kind.width, settings.size, settings.crop);
  }

  /** @param slice written where it holds floats; @param out `[size * size]` in [0, 1], written. */
  prepare(slice: SliceValues, out: Float32Array): void {
    const { codec, resizer } = this;
    const { height, width } = this.kind;
    const isStored = !(slice instanceof Float32Array);
    const table = isStored ? (this.table ??= this.tableOf(slice)) : null;
    if (codec === null) {
      const values = isStored ? valuesOf(slice, table!) : slice;
      if (!isStored) applyWindow(values, this.kind.unit, this.settings.window);
      resizer.resize(values, out);
      return;
    }
    if (!isStored) applyWindow(slice, this.kind.unit, this.settings.window);
    const { columns, rows } = resizer;
    codec.reduceSlice(
      ...[isStored ? unsigned(slice) : slice, table, height, width],
      ...[columns.first, columns.count, columns.weights],
      ...[rows.first, rows.count, rows.weights],
      out,
    );
  }

  /** What each stored value becomes, by its bits without a sign. */
  private tableOf(slice: Stored): Float32Array {
    const table =
      slice instanceof Uint8Array
        ? Float32Array.from({ length: 2 ** 8 }, (_, bits) => bits)
        : Float32Array.from({ length: 2 ** 16 }, (_, bits) =>
            slice instanceof Int16Array ? (bits << 16) >> 16 : bits,
          );
    applyWindow(table, this.kind.unit, this.settings.window);
    return table;
  }
}

function unsigned(slice: Stored): Uint8Array | Uint16Array {
  return slice instanceof Int16Array ? new Uint16Array(slice.buffer, slice.byteOffset, slice.length) : slice;
}

function valuesOf(slice: Stored, table: Float32Array): Float32Array {
  const bits = unsigned(slice);
  const values = new Float32Array(bits.length);
  for (let i = 0; i < values.length; i++) values[i] = table[bits[i]!]!;
  return values;
}
