import { Command } from 'commander';
import { wholeNumber } from '../arguments.js';
import { examples, JSON_OPTION } from '../output.js';
import { withConnection, type HubOptions } from './connection.js';

/** What is measured. */
export interface BenchOptions extends HubOptions {
  readonly hub: string;
  readonly count: number;
  readonly concurrency: number;
}

/** `perdure bench`. */
export function benchCommand(): Command {
  return withConnection(new Command('bench').option(...JSON_OPTION))
    .description(
      'Measure orchestrations of three activities, and calls and signals of entities, with one worker and one client in this process: ' +
        'on a server of its own, which is removed, or with --server on yours, in a task hub that stays.',
    )
    .option('--hub <name>', 'the task hub, which is made', 'perdure-bench')
    .option('--count <number>', 'so many of each', wholeNumber(1, 10_000_000), 2_000)
    .option('--concurrency <number>', 'so many at a time', wholeNumber(1, 10_000), 100)
    .addHelpText(
      'after',
      examples('perdure bench', 'perdure bench --server nats://localhost:4222 --count 10000 --json'),
    )
    .action(async (options: BenchOptions) => (await import('./bench.js')).bench(options));
}
