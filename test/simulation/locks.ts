import { SeededRandom } from '../../lib/memory/random.js';
import { generateLocks } from './lock-generation.js';
import { simulate, type Report, type SimulationOptions } from './simulation.js';

/** As `simulate`, with a program of the family of locks. */
export function simulateLocks(options: SimulationOptions): Promise<Report> {
  const program = options.program ?? generateLocks(new SeededRandom(options.seed));
  return simulate({ ...options, program });
}
