/** sharp, loaded when it is first needed: that takes longer than a scan of files that do not need it. */
import type Sharp from 'sharp';

export async function loadSharp(): Promise<typeof Sharp> {
  const { default: sharp } = await import('sharp');
  // Slices are read once: a cache of them would only hold memory. The pool decides how many cores work.
  sharp.cache(false);
  sharp.concurrency(1);
  return sharp;
}
