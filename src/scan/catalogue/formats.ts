/** File formats by name: what a name's end says, before anything is opened. */

/**
 * `image` = PNG or JPEG slices, `tiff` = TIFF slices (or pages), `nifti` and `numpy` = a whole volume,
 * `dicom` = a slice of a series.
 */
export type ScanFormat = 'image' | 'tiff' | 'nifti' | 'numpy' | 'dicom';

const endings: readonly (readonly [string, ScanFormat])[] = [
  ['.png', 'image'],
  ['.jpg', 'image'],
  ['.jpeg', 'image'],
  ['.tif', 'tiff'],
  ['.tiff', 'tiff'],
  ['.nii', 'nifti'],
  ['.nii.gz', 'nifti'],
  ['.npy', 'numpy'],
  ['.npz', 'numpy'],
  ['.dcm', 'dicom'],
  ['.dicom', 'dicom'],
  ['.ima', 'dicom'],
];

/** The format of a file by its name, or null for a file that is no scan. */
export function formatOf(name: string): ScanFormat | null {
  const lower = name.toLowerCase();
  return endings.find(([ending]) => lower.endsWith(ending) && lower.length > ending.length)?.[1] ?? null;
}

/** Whether one file of this format is always a whole scan. */
export function isVolume(format: ScanFormat | null): boolean {
  return format === 'nifti' || format === 'numpy';
}

/** The name without the ending of its format: `study_1.nii.gz` → `study_1`. */
export function stemOf(name: string): string {
  const lower = name.toLowerCase();
  const lengths = endings.filter(([ending]) => lower.endsWith(ending)).map(([ending]) => ending.length);
  return name.slice(0, name.length - Math.max(0, ...lengths));
}
