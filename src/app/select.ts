/** `emars select`: our selection as a service to programs in any language (evolution/service.ts). */
import type { Command } from 'commander';
import { SELECTION_LIMITS, answerSelection } from '../evolution/service.js';
import { readSmallFile } from './arguments.js';
import { commandExit } from '../errors/exit-codes.js';
import { linesOfStream } from './lines.js';
import { printJson } from './output.js';

export function registerSelect(program: Command): void {
  program
    .command('select')
    .description('choose survivors: a request as JSON on standard input, the answer on standard output')
    .option(
      '--lines',
      'one request a line, one answer a line, until the input ends; a bad request is answered with {"error"}',
    )
    .addHelpText(
      'after',
      `
Request: {"values": [[…], …], "directions": ["max", "min", …], "keep": K, "selector":
  "nsga3" | "merged-fronts" | "nsga2" | "random" | "top-accuracy",
  "partitions": p | "references": [[…], …], "seed": s, "state": …}
Answer:  {"selected": [ascending indices], "fronts": [[…], …], "state": …}, or {"error": "…"}

Examples:
  echo '{"values": [[0.9, 5], [0.8, 2], [0.7, 4]], "directions": ["max", "min"], "keep": 2}' | emars select
  my-program | emars select --lines | my-reader`,
    )
    .action(({ lines }: { readonly lines?: boolean }) => (lines === true ? answerLines() : answerOnce()));
}

async function answerOnce(): Promise<void> {
  const answer = answerSelection(await readSmallFile('-', 4 * SELECTION_LIMITS.characters, 'a request'));
  await printJson(answer.ok ? answer.output : { error: answer.error });
  if (!answer.ok) process.exitCode = commandExit('usage');
}

/** Every line has exactly one answer, in order, so that a caller may count them. */
async function answerLines(): Promise<void> {
  for await (const line of linesOfStream(process.stdin, SELECTION_LIMITS.characters)) {
    const answer =
      line === null
        ? ({
            ok: false,
            error: `expected a line of at most ${SELECTION_LIMITS.characters} characters, got a longer one`,
          } as const)
        : answerSelection(line);
    await printJson(answer.ok ? answer.output : { error: answer.error });
  }
}
