/** Entry of the command line: `node dist/app/main.js <command>`, installed as `emars`. */
import { reportError } from './errors.js';
import { endQuietlyWithoutReader } from './output.js';
import { buildProgram } from './program.js';

endQuietlyWithoutReader();
try {
  await buildProgram().parseAsync();
} catch (error) {
  reportError(error);
}
