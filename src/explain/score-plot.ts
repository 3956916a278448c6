/**
 * The score of each slice as a picture: bars up for the class, down against it (SVG 1.1, no script, no font of
 * its own).
 */

const WIDTH = 720;
const HEIGHT = 240;
const LEFT = 64;
const RIGHT = 16;
const TOP = 32;
const BOTTOM = 40;
/** Numbers along the slices, at most. */
const MOST_TICKS = 8;
const FOR = '#b2182b';
const AGAINST = '#2166ac';

/** `scores`: one a slice, in units of logits, at least one; `title`: any text. */
export function scorePlot(scores: ArrayLike<number>, title: string): string {
  const values = Array.from(scores);
  const high = values.reduce((held, value) => Math.max(held, value), 0);
  const low = values.reduce((held, value) => Math.min(held, value), 0);
  const span = high - low || 1;
  const y = (value: number): number => TOP + ((high - value) / span) * (HEIGHT - TOP - BOTTOM);
  const step = (WIDTH - LEFT - RIGHT) / values.length;
  const bars = values.map((value, slice) => {
    const [top, bottom] = [y(Math.max(0, value)), y(Math.min(0, value))];
    const fill = value >= 0 ? FOR : AGAINST;
    return (
      `<rect x="${short(LEFT + slice * step)}" y="${short(top)}" width="${short(step * 0.9)}" ` +
      `height="${short(bottom - top)}" fill="${fill}"><title>slice ${slice}: ${value.toPrecision(4)}</title></rect>`
    );
  });
  const every = Math.max(1, Math.ceil(values.length / MOST_TICKS));
  const ticks = values.flatMap((_, slice) =>
    slice % every === 0 ? [text(LEFT + (slice + 0.45) * step, HEIGHT - BOTTOM + 16, 'middle', slice)] : [],
  );
  const marks = [...new Set([high, 0, low])].map((value) =>
    text(LEFT - 8, y(value) + 4, 'end', value === 0 ? 0 : value.toPrecision(2)),
  );
  const zero = short(y(0));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
      'font-family="sans-serif" font-size="12" role="img">',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    text(LEFT, 20, 'start', title),
    ...bars,
    `<line x1="${LEFT}" y1="${zero}" x2="${WIDTH - RIGHT}" y2="${zero}" stroke="black"/>`,
    ...marks,
    ...ticks,
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, 'middle', 'slice'),
    '</svg>',
    '',
  ].join('\n');
}

function text(x: number, y: number, anchor: string, content: string | number): string {
  return `<text x="${short(x)}" y="${short(y)}" text-anchor="${anchor}">${escaped(String(content))}</text>`;
}

const short = (value: number): string => String(Number(value.toFixed(2)));
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** Also without control characters, which XML does not allow. */
const escaped = (content: string): string =>
  content.replace(/[&<>"]/g, (mark) => ESCAPES[mark]!).replace(/[^\P{C}\t]/gu, ' ');
