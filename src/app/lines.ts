/** Lines of a stream with a bound on their length: a line that never ends must not fill the memory. */
import { StringDecoder } from 'node:string_decoder';

/**
 * Yields each line without its end (`\n` or `\r\n`); null for one of more than `longest` characters,
 * which is skipped to its end. A last line without an end counts, an empty rest does not.
 */
export async function* linesOfStream(
  stream: AsyncIterable<Buffer | string>,
  longest: number,
): AsyncGenerator<string | null> {
  const decoder = new StringDecoder('utf8');
  let pieces: string[] = [];
  let length = 0;
  const take = (piece: string): void => {
    length += piece.length;
    if (length <= longest + 1) pieces.push(piece);
    else pieces = [];
  };
  const finish = (): string | null => {
    const line = pieces.join('').replace(/\r$/, '');
    const whole = length <= longest + 1 && line.length <= longest;
    pieces = [];
    length = 0;
    return whole ? line : null;
  };
  for await (const chunk of stream) {
    const parts = (typeof chunk === 'string' ? chunk : decoder.write(chunk)).split('\n');
    for (const [index, part] of parts.entries()) {
      if (index > 0) yield finish();
      take(part);
    }
  }
  take(decoder.end());
  if (length > 0) yield finish();
}
