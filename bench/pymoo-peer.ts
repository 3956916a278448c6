/** The peer of the benchmarks of NSGA-III. */
import { fileURLToPath } from 'node:url';
import type { Peer } from './python-environment.js';

export const pymoo: Peer = {
  name: 'pymoo',
  folder: 'bench-venv',
  requirements: fileURLToPath(new URL('../bench/pymoo-requirements.txt', import.meta.url)),
  modules: ['pymoo.algorithms.moo.nsga3'],
  packages: ['pymoo', 'numpy'],
};
