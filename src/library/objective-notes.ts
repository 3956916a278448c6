/** What a person should know of objectives that joined a search: a line when one comes, is missed, or leaves. */
import type { Message } from '../wire/messages.js';

type ObjectiveStatus = Message<'Status'>['objectives'][number];

/** A function to be told of each status; returns the lines that are new with it. */
export function objectiveNotes(): (status: Message<'Status'>) => string[] {
  const said = new Map<string, string>();
  return ({ objectives }) =>
    objectives.flatMap((objective) => {
      const key = `${objective.name} ${objective.since}`;
      const line = lineOf(objective);
      if (said.get(key) === line) return [];
      said.set(key, line);
      return [line];
    });
}

function lineOf({ name, since, left, reason, alive }: ObjectiveStatus): string {
  if (left > 0) return `the objective ${name} takes part no more, from epoch ${left} on: ${reason ?? ''}`;
  return alive
    ? `the objective ${name} takes part from epoch ${since} on`
    : `no process measures the objective ${name}: start emars objective again, or take it out with --remove`;
}
