import { readFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { ConfigError } from '../../errors.js';
import { onHub, withClient, type HubOptions } from '../hubs/connection.js';
import { examples, tellOne } from '../output.js';
import { untilToldToStop } from './until-told-to-stop.js';

interface HttpOptions extends HubOptions {
  readonly port: number;
  readonly hostname: string;
  readonly basePath?: string;
  readonly publicUrl?: string;
  readonly allowHost: readonly string[];
  readonly allowOrigin: readonly string[];
  readonly keyFile?: string;
}

const gather = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** `perdure http`: serves the HTTP management API of a task hub. */
export function httpCommand(): Command {
  return onHub(new Command('http'))
    .description(
      'Serve the HTTP management API of a task hub, on the loopback device unless told otherwise; Ctrl-C stops it. Keys are read ' +
        'from a file or from PERDURE_HTTP_KEYS, separated by commas; without a key whoever can reach it may ask.',
    )
    .option('--port <number>', 'the port; 0: one that is free', portOf, 7071)
    .option('--hostname <address>', 'the address; any but a loopback one needs a key', '127.0.0.1')
    .option('--base-path <path>', 'what stands before all routes (default: /runtime/webhooks/durabletask)')
    .option('--public-url <origin>', 'under which others reach it')
    .option(
      '--allow-host <name>',
      'a host under which it is asked, without port; may be given several times',
      gather,
      [],
    )
    .option('--allow-origin <origin>', 'an origin whose pages may ask; may be given several times', gather, [])
    .option('--key-file <path>', 'a file with keys, one a line, each of 16 characters or more')
    .addHelpText(
      'after',
      examples(
        'perdure http bank',
        'perdure http bank --hostname 0.0.0.0 --public-url https://bank.example.com --key-file keys.txt',
      ),
    )
    .action(serve);
}

async function serve(hub: string, options: HttpOptions): Promise<void> {
  const { port, hostname, basePath, publicUrl, allowHost, allowOrigin } = options;
  const keys = await keysOf(options);
  const { HttpApi, serveHttpApi } = await httpModules();
  await withClient(hub, options, async (client) => {
    const api = new HttpApi(client, {
      basePath,
      publicUrl,
      allowedHosts: allowHost,
      allowedOrigins: allowOrigin,
      auth: { keys },
    });
    await using server = await serveHttpApi(api, { port, hostname });
    using toldToStop = untilToldToStop(); // who reads the address may tell it at once
    const url = `${server.url}${api.basePath}`;
    tellOne(options, { url }, () => [url]);
    await toldToStop;
  });
}

/** Loaded when they are needed: other commands start faster without. */
async function httpModules() {
  const [{ HttpApi }, { serveHttpApi }] = await Promise.all([
    import('../../http/http-api.js'),
    import('../../http/node-listener.js'),
  ]);
  return { HttpApi, serveHttpApi };
}

/** The keys of a file, and those of the environment. Throws ConfigError for a file that cannot be read. */
export async function keysOf({ keyFile }: Pick<HttpOptions, 'keyFile'>): Promise<readonly string[]> {
  const fromEnvironment = (process.env['PERDURE_HTTP_KEYS'] ?? '').split(',');
  const fromFile = keyFile === undefined ? [] : (await contentOf(keyFile)).split('\n');
  return [...fromFile, ...fromEnvironment].map((key) => key.trim()).filter((key) => key !== '');
}

async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`--key-file: ${file} cannot be read.`, { cause });
  }
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}
