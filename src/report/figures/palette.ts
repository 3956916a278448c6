/**
 * The colours of figures and page, in one place, for light and dark.
 *
 * The paper draws early individuals purple and late ones yellow. Yellow on white cannot be seen well,
 * so it is an amber here; shapes differ too, so that nothing depends on colour alone. Each colour
 * that carries meaning has a contrast of at least 3 : 1 against its ground, text at least 4.5 : 1.
 *
 * Figures are drawn once, in the light colours. On the page a style rule per colour replaces them in
 * the dark: the drawing in `figures/` and the one on the page are the same.
 */
export interface Ink {
  /** Hex digits, lower case: they are what the style rule looks for. */
  readonly light: string;
  readonly dark: string;
}

export const PALETTE = {
  text: { light: '#211f26', dark: '#eceaf1' },
  muted: { light: '#5f5a69', dark: '#aea8bb' },
  axis: { light: '#8a8594', dark: '#7d7789' },
  grid: { light: '#e9e6ee', dark: '#2f2b38' },
  /** First half of the epochs (paper: purple). */
  early: { light: '#6a3d9a', dark: '#b899f0' },
  /** Last half of the epochs (paper: yellow). */
  late: { light: '#c06f00', dark: '#f2b143' },
  /** The front, and whatever is the point of a figure. */
  accent: { light: '#0f766e', dark: '#45c9bb' },
  /** Individuals that are there for context only. */
  pale: { light: '#a7a1b3', dark: '#6c6678' },
  ground: { light: '#fffffe', dark: '#17151c' },
} as const satisfies Record<string, Ink>;

/** Colours of kernels in genome pictures, from small to large; more kernels than colours repeat them. */
export const KERNEL_INKS: readonly Ink[] = [
  PALETTE.accent,
  PALETTE.early,
  PALETTE.late,
  { light: '#b3355b', dark: '#f08aa8' },
  { light: '#3465a4', dark: '#86b3ee' },
];

/** Style rules that turn the light drawing dark: `.figure [fill="#…"] { fill: … }`. */
export function darkFigureRules(): string {
  return Object.values(PALETTE)
    .map(
      ({ light, dark }) =>
        `.figure [fill="${light}"]{fill:${dark}}.figure [stroke="${light}"]{stroke:${dark}}`,
    )
    .join('\n');
}
