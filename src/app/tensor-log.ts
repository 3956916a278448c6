/**
 * TensorFlow's own log, taken out of what a person reads. Some of its lines come whatever
 * TF_CPP_MIN_LOG_LEVEL says: those written before its logging is set up, such as the one on oneDNN.
 */

/** Information and warnings; errors and fatal ones stay. */
const LOG_LINE =
  /^(?:WARNING: All log messages before absl::|[IW]\d{4} \d\d:\d\d:|\d{4}-\d\d-\d\d [\d:.]+: [IW] |To enable the following instructions: )/;

/** Takes a stream in pieces and gives it back without TensorFlow's lines. */
export class TensorLogFilter {
  private held = '';

  /** What of `text`, and of what was held back, can be shown now. */
  push(text: string): string {
    const lines = (this.held + text).split('\n');
    this.held = lines.pop() ?? '';
    const shown = lines.filter((line) => !LOG_LINE.test(line)).map((line) => `${line}\n`);
    // A counter that draws over itself never ends its line.
    if (this.held.startsWith('\r')) shown.push(this.take());
    return shown.join('');
  }

  /** The rest, at the end of the stream. */
  end(): string {
    const rest = this.take();
    return LOG_LINE.test(rest) ? '' : rest;
  }

  private take(): string {
    const { held } = this;
    this.held = '';
    return held;
  }
}
