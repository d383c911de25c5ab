import { SeededRandom } from '../../lib/memory/random.js';
import { simulate, type Report, type SimulationOptions } from './simulation.js';
import { generateTimes } from './time-generation.js';

/** As `simulate`, with a program of the family of times. */
export function simulateTimes(options: SimulationOptions): Promise<Report> {
  const program = options.program ?? generateTimes(new SeededRandom(options.seed));
  return simulate({ ...options, program });
}
