/** Half of the seeds that every run of the tests simulates; the other half is another file, for another worker. */
import { seedsPass } from './seeds.js';

seedsPass(1001, 1000);
