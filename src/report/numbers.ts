/**
 * Numbers as people read them: with their unit, with as many digits as they deserve, and always the
 * same text for the same value. Spaces before units are narrow and do not break.
 */
const THIN = '\u202f';
/** Shown where a number does not exist. */
export const NONE = '–';

/** 0.8333 → "83.3 %". */
export function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits).replace('-', '−')}${THIN}%`;
}

/** At most four significant digits, without exponents between 1e-4 and 1e7; true minus sign. */
export function plain(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text =
    size < 1e-4 || size >= 1e7
      ? value.toExponential(2)
      : Number.isInteger(value)
        ? String(value)
        : size >= 1000
          ? value.toFixed(0)
          : trimmed(value.toPrecision(4));
  return text.replace('e-', 'e−').replace(/^-/, '−').replace('e+', 'e');
}

const trimmed = (text: string): string =>
  text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;

/** 1234567 → "1 234 567". */
export function whole(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, THIN);
}

interface Measure {
  readonly name: string;
  readonly unit: string;
}

/** A value of an objective without its unit. Accuracies are shares and become percentages. */
export function valueText(value: number, { name, unit }: Measure): string {
  if (name === 'accuracy') return percent(value);
  return unit === 'MB' ? value.toFixed(2) : plain(value);
}

/**
 * What stands after a value: "MB", "per epoch" for 1/epoch and share/epoch; nothing for accuracies,
 * which are percentages.
 */
export function unitText({ name, unit }: Measure): string {
  return name === 'accuracy' ? '' : unit.replace(/^(?:1|share)\//, 'per ');
}

/** A value of an objective with its unit. */
export function withUnit(value: number, measure: Measure): string {
  const unit = unitText(measure);
  return unit === '' ? valueText(value, measure) : `${valueText(value, measure)}${THIN}${unit}`;
}

/** Bytes in MiB or GiB. */
export function memory(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 1024
    ? `${mebibytes.toFixed(0)}${THIN}MiB`
    : `${(mebibytes / 1024).toFixed(2)}${THIN}GiB`;
}

/** Seconds as "42.0 s", "3 min 05 s" or "2 h 07 min". */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)}${THIN}s`;
  const total = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (total < 3600) return `${Math.floor(total / 60)}${THIN}min ${two(total % 60)}${THIN}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}${THIN}h ${two(minutes % 60)}${THIN}min`;
}

/** "1 scan", "2 scans". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

/** "a, b and c". */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}
