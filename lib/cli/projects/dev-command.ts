import { Command } from 'commander';
import { wholeNumber } from '../arguments.js';
import { CODEC } from '../hubs/connection.js';
import { examples } from '../output.js';

/** What is run, and how. */
export interface DevOptions {
  readonly hub?: string;
  readonly port: number;
  readonly folder?: string;
  readonly inspect?: string | true;
  readonly codec?: string;
}

/** `perdure dev`. */
export function devCommand(): Command {
  return new Command('dev')
    .description(
      'Run all of a project on this machine: a nats-server, the service, which is compiled and started again when its sources change, ' +
        'and the HTTP management API of its task hub. Ctrl-C stops all. NATS_URL is of no effect: the service is given that of the server.',
    )
    .argument('[path]', 'the file that starts the worker, or a folder with service.ts or the like', '.')
    .option('--hub <name>', 'the task hub of the HTTP API (default: the one that the service connects to)')
    .option('--port <number>', 'the port of the HTTP API; 0: one that is free', wholeNumber(0, 65_535), 7071)
    .option('--folder <path>', "the server's data folder (default: .perdure in the project)")
    .option('--inspect [address]', 'let a debugger attach to the service')
    .option('--codec <module>', CODEC)
    .addHelpText(
      'after',
      examples('perdure dev', 'perdure dev samples/hello', 'perdure dev src/service.ts --port 8080'),
    )
    .action(async (path: string, options: DevOptions) => (await import('./dev.js')).dev(path, options));
}
