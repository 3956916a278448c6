/** The problems of a configuration that must not load. */
import { expect } from 'vitest';
import type { LoadRequest } from '#emars/config/load.js';
import { loadOptions } from '#emars/config/load.js';
import type { Problem } from '#emars/config/problem.js';
import { ConfigError, describeProblem } from '#emars/config/problem.js';

export function problemsOf(request: LoadRequest): (Problem & { readonly line: string })[] {
  try {
    loadOptions(request);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { problems, message } = error as ConfigError;
    const lines = problems.map(describeProblem);
    // A message has 50 problems at most.
    expect(message.split('\n').slice(0, 50)).toEqual(lines.slice(0, 50));
    return problems.map((problem, index) => ({ ...problem, line: lines[index] ?? '' }));
  }
  throw new Error(`expected a ConfigError for ${JSON.stringify(request)}, got options`);
}
