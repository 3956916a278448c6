/** The command line, wired. Nothing here decides anything. */
import { Command } from 'commander';
import { COMMANDS } from './commands.js';
import { VERSION } from '../library/version.js';

/**
 * The program `emars`; errors and help are thrown as CommanderError, never written by the parser. Commands that
 * `words` do not name are only listed; null: all are whole.
 */
export async function buildProgram(words: readonly string[] | null = null): Promise<Command> {
  const program = new Command('emars')
    .description('Multi-objective evolutionary neural architecture search for 3-D medical images.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeErr: writeHelpOnly })
    .configureHelp({ showGlobalOptions: false })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 2 configuration or command line, 3 data or a damaged run, 4 environment, ' +
        '130 interrupted.\nExamples and options of a command: emars <command> --help',
    );
  for (const { name, summary, register } of COMMANDS) {
    if (words === null || words.includes(name)) await register(program);
    else program.command(name);
    program.commands.at(-1)?.summary(summary);
  }
  return program;
}

/** The parser's own error lines are ours to write (errors.ts); the help of a bare command is not an error line. */
function writeHelpOnly(text: string): void {
  if (!text.startsWith('error:') && !text.startsWith('(Did you mean')) process.stderr.write(text);
}
