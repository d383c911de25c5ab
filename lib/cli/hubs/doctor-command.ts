import { Command } from 'commander';
import { examples } from '../output.js';
import { onHub, type HubOptions } from './connection.js';

/** What is looked at, and what is done. */
export interface DoctorOptions extends HubOptions {
  readonly partition?: string;
  readonly acceptLoss?: boolean;
  readonly monitor?: string;
}

/** `perdure doctor`: what streams have lost, and its acceptance. */
export function doctorCommand(): Command {
  return onHub(new Command('doctor'))
    .option('--partition <number>', 'only this partition')
    .option('--accept-loss', 'go on with what is left of damaged partitions, and print what is given up for good')
    .option(
      '--monitor <address>',
      "the server's monitoring, such as http://localhost:8222: says how it writes to the disk",
    )
    .description(
      'Look whether the streams of a task hub hold all that was acknowledged, and at its server: version, how it writes to the disk, clock, permissions. ' +
        'Nothing is written without --accept-loss, and workers may run. Exit code 0: they do; 1: something is lost, or the hub cannot be read.',
    )
    .addHelpText(
      'after',
      examples('perdure doctor bank', 'perdure doctor bank --json', 'perdure doctor bank --partition 3 --accept-loss'),
    )
    .action(async (name: string, options: DoctorOptions) => (await import('./doctor.js')).doctor(name, options));
}
