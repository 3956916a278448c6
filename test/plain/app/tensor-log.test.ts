import { describe, expect, it } from 'vitest';
import { TensorLogFilter } from '#emars/app/tensor-log.js';

/** As TensorFlow 2.21 and 2.9 write them. */
const NOISE = [
  'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR',
  'I0000 00:00:1795627973.482547   26171 port.cc:153] oneDNN custom operations are on.',
  '2026-11-25 17:00:00.123456: I tensorflow/core/platform/cpu_feature_guard.cc:193] This binary',
  'To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow',
];
const SAID = ['emars: a problem', 'E0000 00:00:1795627973.48   26171 cuda.cc:1] failed call to cuInit'];

const filtered = (pieces: readonly string[]): string => {
  const filter = new TensorLogFilter();
  return pieces.map((piece) => filter.push(piece)).join('') + filter.end();
};

describe('the log of TensorFlow', () => {
  it('is left out; what we say, and its errors, stay', () => {
    const text = [NOISE[0], SAID[0], NOISE[1], NOISE[2], SAID[1], NOISE[3]].join('\n');
    expect(filtered([`${text}\n`])).toBe(`${SAID.join('\n')}\n`);
  });

  it('is known however the stream is cut', () => {
    const text = `${NOISE.join('\n')}\n${SAID.join('\n')}\n`;
    expect(filtered(text.match(/[^]/g) ?? [])).toBe(`${SAID.join('\n')}\n`);
  });

  it('does not hold back a counter that never ends its line, nor a last line without an end', () => {
    const filter = new TensorLogFilter();
    expect(filter.push('\rreading scans 1/2')).toBe('\rreading scans 1/2');
    expect(filter.push('last')).toBe('');
    expect(filter.end()).toBe('last');
  });
});
