/** The thread beside the evolution actor that measures built-in objectives of genome and history. */
import { loadOptions } from '../../config/load.js';
import { builtinObjectives } from '../../objectives/builtin.js';
import type { Measured } from '../../objectives/objective.js';
import { checkedMeasurement } from '../../objectives/objective.js';
import { exposeInThread, threadData } from '../../runtime/process/thread.js';
import { asGenome } from '../../space/genome.js';
import type { LocalSubject } from '../../protocol/evolution/commands.js';
import { spaceOf } from '../setup/rules.js';

export interface ObjectiveThreadData {
  readonly config: string;
  readonly classes: number;
}

export interface ObjectiveThread {
  measure(objective: string, subject: LocalSubject): Measured;
}

const { config, classes } = threadData() as ObjectiveThreadData;
const options = loadOptions({ file: config });
const space = spaceOf(options, classes);

function measure(name: string, { genome, history }: LocalSubject): Measured {
  const objective = builtinObjectives.get(name);
  switch (objective?.needs) {
    case 'genome':
      return checkedMeasurement(
        name,
        objective.measure({ space, genome: asGenome(space, genome), input: options.input }),
      );
    case 'history':
      return checkedMeasurement(name, objective.measure({ history }));
    case 'weights':
    case undefined:
      throw new RangeError(`expected an objective of genome or history, got "${name}"`);
  }
}

exposeInThread({ measure } satisfies ObjectiveThread);
