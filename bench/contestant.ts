/** A contestant is a process that answers one line of JSON to each line of JSON. */
import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Interface } from 'node:readline';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

export class Contestant<Request, Answer> {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly lines: Interface;

  constructor(
    readonly name: string,
    command: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
  ) {
    this.child = spawn(command, [...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    });
    this.lines = createInterface({ input: this.child.stdout });
  }

  /** The answer to a request. Errors: the process ended before it answered. */
  async ask(request: Request): Promise<Answer> {
    const answer = new Promise<string>((resolve, reject) => {
      const ended = (): void => reject(new Error(`expected ${this.name} to answer, but its process ended`));
      this.lines.once('line', (line) => {
        this.child.off('close', ended).off('error', reject);
        resolve(line);
      });
      this.child.once('close', ended).once('error', reject);
    });
    this.child.stdin.write(`${JSON.stringify(request)}\n`);
    return JSON.parse(await answer) as Answer;
  }

  end(): void {
    this.child.stdin.end();
  }
}
