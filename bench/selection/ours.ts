/** Our side of the selection benchmark: what `selectSurvivors` and `nonDominatedSort` take, checks of the input included. */
import { createInterface } from 'node:readline';
import { nonDominatedSort } from '#emars/evolution/nsga3/non-dominated-sort.js';
import { toMinimise } from '#emars/evolution/objective-values.js';
import { selectSurvivors } from '#emars/evolution/selector.js';
import { generator } from '#emars/random/generator.js';
import type { SelectionAnswer, SelectionTask } from './contest.js';

for await (const line of createInterface({ input: process.stdin })) {
  const { task, values, keep = 1, references = [] } = JSON.parse(line) as SelectionTask;
  const directions = values[0]!.map(() => 'min' as const);
  const started = performance.now();
  const check =
    task === 'sort'
      ? nonDominatedSort(toMinimise(values, directions)).map((front) => front.length)
      : [
          selectSurvivors({
            values,
            directions,
            keep,
            selector: 'nsga3',
            references,
            random: generator(1, 'bench-select'),
          }).selected.length,
        ];
  const answer: SelectionAnswer = { milliseconds: performance.now() - started, check };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
