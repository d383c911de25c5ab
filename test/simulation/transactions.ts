import { SeededRandom } from '../../lib/memory/random.js';
import { simulate, type Report, type SimulationOptions } from './simulation.js';
import { generateTransactions } from './transaction-generation.js';

/** As `simulate`, with a program of the family of transactions. */
export function simulateTransactions(options: SimulationOptions): Promise<Report> {
  const program = options.program ?? generateTransactions(new SeededRandom(options.seed));
  return simulate({ ...options, program });
}
