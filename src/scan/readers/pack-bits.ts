/**
 * Runs of bytes (TIFF 6.0, section 9; DICOM PS3.5, annex G), with a bound on what comes out.
 */

/** Runs: 0…127 = copy n + 1 bytes, 129…255 = repeat the next one 257 − n times. */
export function unpackBits(input: Uint8Array, most: number): Uint8Array {
  const output = new Uint8Array(most);
  let length = 0;
  for (let at = 0; at < input.length && length < most;) {
    const code = input[at++]!;
    if (code === 128) continue;
    const run = Math.min(code < 128 ? code + 1 : 257 - code, most - length);
    if (code < 128) output.set(input.subarray(at, at + run), length);
    else output.fill(input[at] ?? 0, length, length + run);
    at += code < 128 ? code + 1 : 1;
    length += run;
  }
  return output.subarray(0, length);
}
