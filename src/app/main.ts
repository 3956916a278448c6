/** Entry of the command line: `node dist/app/main.js <command>`, installed as `emars`. */
import { reportError } from './errors.js';
import { endQuietlyWithoutReader } from './output.js';
import { buildProgram } from './program.js';
import { sayFailpoints } from './failpoints.js';

endQuietlyWithoutReader();
// What escapes every await: still one line, and never a program that goes on half alive.
process.on('uncaughtException', (error) => {
  reportError(error);
  process.exit();
});
try {
  await sayFailpoints();
  const program = await buildProgram(process.argv.slice(2));
  await program.parseAsync();
} catch (error) {
  reportError(error);
}
