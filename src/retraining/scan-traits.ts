/** What the scans of a store were like before they were brought to a size: for the ranges in `model.json`. */
import type { ScanTraits } from '../model/seen-scans.js';
import { depthIndices } from '../scan/store/resample.js';
import type { ScanStore, StoredScan } from '../scan/store/store.js';

/** Traits of `scans`, in their order. `slices`: how many of a scan the network sees. */
export function traitsOf(store: ScanStore, scans: readonly StoredScan[], slices: number): ScanTraits[] {
  const area = store.size * store.size;
  return scans.map(({ id, depth, source }) => {
    const { data } = store.volume(id);
    let sum = 0;
    for (const index of depthIndices(depth, slices))
      for (let i = index * area; i < (index + 1) * area; i++) sum += data[i]!;
    return { slices: depth, ...source, intensity: sum / (slices * area) };
  });
}
