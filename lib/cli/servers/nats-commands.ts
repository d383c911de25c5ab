import { Command, InvalidArgumentError } from 'commander';
import { ConfigError } from '../../errors.js';
import { examples, JSON_OPTION, note, tell, tellOne, type JsonOption } from '../output.js';
import { untilToldToStop } from './until-told-to-stop.js';

interface StartOptions extends JsonOption {
  readonly port?: number;
  readonly folder?: string;
}

/** `perdure nats ...`: the server that Perdure runs on. */
export function natsCommands(): Command {
  const nats = new Command('nats').description('Find, fetch and run nats-server.');
  nats
    .command('ensure')
    .description('Fetch nats-server unless there is one, and print its path.')
    .addHelpText(
      'after',
      examples('perdure nats ensure', 'PERDURE_NATS_MIRROR=https://mirror.example/nats perdure nats ensure'),
    )
    .option(...JSON_OPTION)
    .action((options: JsonOption) => tellServer(options, 'path'));
  nats
    .command('start')
    .description('Run the server of the data folder in the foreground, for many services; Ctrl-C stops it.')
    .option(
      '--port <number>',
      'the port on the loopback address (default: the former one of the folder, else any)',
      portOf,
    )
    .option('--folder <path>', 'the data folder (default: .perdure in the project)')
    .option(...JSON_OPTION)
    .addHelpText('after', examples('perdure nats start', 'perdure nats start --port 4222 --folder /var/tmp/perdure'))
    .action(startInForeground);
  nats
    .command('path')
    .description('Print the path of the nats-server in use; nothing is fetched.')
    .addHelpText('after', examples('"$(perdure nats path)" --help'))
    .option(...JSON_OPTION)
    .action((options: JsonOption) => tellServer(options, 'path', { fetch: false }));
  nats
    .command('version')
    .description('Print the version of the nats-server in use; nothing is fetched.')
    .addHelpText('after', examples('perdure nats version'))
    .option(...JSON_OPTION)
    .action((options: JsonOption) => tellServer(options, 'version', { fetch: false }));
  return nats.addHelpText('after', examples('perdure nats ensure', 'perdure nats start --port 4222'));
}

async function tellServer(
  options: JsonOption,
  asked: 'path' | 'version',
  { fetch }: { readonly fetch?: boolean } = {},
): Promise<void> {
  const { resolveNatsServer } = await import('../../nats/server/resolve.js'); // other commands start faster without
  const { path, version } = await resolveNatsServer({ fetch });
  tell(options, { path, version }, () => [{ path, version }[asked]]);
}

async function startInForeground(options: StartOptions): Promise<void> {
  const { startEmbeddedServer } = await import('../../nats/server/embedded-server.js');
  await using server = await startEmbeddedServer(options);
  if (!server.owned) {
    throw new ConfigError(
      `A server runs on ${server.folder} already: ${server.url}. Use it, or name another --folder.`,
    );
  }
  const { url, folder, monitorUrl } = server;
  using toldToStop = untilToldToStop(); // who reads the address may tell it at once
  tellOne(options, { url, folder, monitorUrl }, () => [url]);
  if (!options.json) note(`Data is in ${folder}, monitoring at ${monitorUrl}. Ctrl-C stops the server.`);
  await toldToStop;
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a whole number from 1 to 65535.');
}
