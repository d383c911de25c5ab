import { SeededRandom } from '../../lib/memory/random.js';
import { generateLives } from './lifecycle-generation.js';
import { simulate, type Report, type SimulationOptions } from './simulation.js';

/** As `simulate`, with a program of the other family: lives of instances. */
export function simulateLives(options: SimulationOptions): Promise<Report> {
  const program = options.program ?? generateLives(new SeededRandom(options.seed));
  return simulate({ ...options, program });
}
