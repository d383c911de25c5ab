import { readFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import type { TaskHubClient } from '../../client/task-hub-client.js';
import { ConfigError } from '../../errors.js';
import type { HubCredentials, HubTls } from '../../nats/hub-credentials.js';
import type { TaskHub, TaskHubOptions } from '../../nats/task-hub.js';
import { durationOf } from '../arguments.js';
import { JSON_OPTION, type JsonOption } from '../output.js';
import { payloadCodecOf } from './codec-module.js';
import { natsContext, type ConnectionSettings } from './nats-context.js';

/** How long the server, and the owner of a partition, are waited for, in milliseconds. */
const PATIENCE = 10_000;

/** Where the task hub of a command is, and who asks. */
export interface HubOptions extends ConnectionSettings, JsonOption {
  /** The former name of `server`. */
  readonly servers?: string | undefined;
  readonly folder?: string | undefined;
  readonly context?: string | undefined;
  readonly codec?: string | undefined;
  readonly timeout?: number | undefined;
}

/** What `--codec` is for. */
export const CODEC = "a JavaScript module whose default export is the hub's payload codec (PERDURE_CODEC)";

/** The heading of what all commands that connect take. */
export const CONNECTION = 'Connection:';

/** A command that is about a task hub, which is its first argument. */
export function onHub(command: Command): Command {
  return withConnection(command.argument('<hub>', 'the name of the task hub')).option(...JSON_OPTION);
}

/** A command that connects: with the options that the `nats` command has. */
export function withConnection(command: Command): Command {
  return command
    .optionsGroup(CONNECTION)
    .option('-s, --server <addresses>', 'the NATS server (NATS_URL; default: the embedded server of the project)')
    .option('--folder <path>', "the embedded server's data folder (default: .perdure in the project)")
    .option('--context <name>', 'a context of the nats command (NATS_CONTEXT)')
    .option('--user <name>', 'the user (NATS_USER)')
    .option('--password <text>', "the user's password (NATS_PASSWORD)")
    .option('--token <text>', 'a token (NATS_TOKEN)')
    .option('--creds <file>', 'a credentials file (NATS_CREDS)')
    .option('--nkey <file>', 'a file with the seed of an nkey (NATS_NKEY)')
    .option('--tlscert <file>', 'the own certificate, as PEM (NATS_CERT)')
    .option('--tlskey <file>', 'its key (NATS_KEY)')
    .option('--tlsca <file>', "the authorities of the server's certificate (NATS_CA)")
    .option('--tlsfirst', 'speak TLS before the server says anything')
    .option('--codec <module>', CODEC)
    .option(
      '--timeout <duration>',
      'how long to wait for an answer, such as 30s (NATS_TIMEOUT; default: 10s)',
      durationOf,
    )
    .addOption(new Option('--servers <addresses>', 'the former name of --server').hideHelp())
    .optionsGroup('Options:');
}

/** Where to connect and how, as `connectTaskHub` takes it. Throws ConfigError. */
export async function connectionOf(options: HubOptions): Promise<Omit<TaskHubOptions, 'name'>> {
  const settings = settingsOf(options);
  return {
    servers: settings.server,
    folder: options.folder,
    credentials: credentialsOf(settings),
    tls: tlsOf(settings),
    payloadCodec: await payloadCodecOf(options),
    timeoutInMilliseconds: patienceOf(options),
  };
}

/** Runs something with a task hub that exists. */
export async function withHub<T>(name: string, options: HubOptions, run: (hub: TaskHub) => Promise<T>): Promise<T> {
  const connection = await connectionOf(options);
  const { connectExistingTaskHub } = await import('../../nats/connect-task-hub.js'); // other commands start faster without
  await using hub = await connectExistingTaskHub({ name, ...connection });
  return await run(hub);
}

/** Runs something with a client of a task hub that exists. */
export async function withClient<T>(
  name: string,
  options: HubOptions,
  run: (client: TaskHubClient, hub: TaskHub) => Promise<T>,
): Promise<T> {
  const { TaskHubClient } = await import('../../client/task-hub-client.js');
  return withHub(name, options, async (hub) => {
    await using client = new TaskHubClient(hub, { timeoutInMilliseconds: patienceOf(options) });
    return await run(client, hub);
  });
}

function patienceOf({ timeout }: HubOptions): number {
  const { NATS_TIMEOUT } = process.env;
  return timeout ?? (NATS_TIMEOUT ? durationOf(NATS_TIMEOUT) : PATIENCE);
}

/** What the command line says, else the environment, else a context. Who logs in is said as a whole by one of them. */
function settingsOf({ context = process.env['NATS_CONTEXT'], ...given }: HubOptions): ConnectionSettings {
  const { env } = process;
  const fromEnvironment: ConnectionSettings = {
    server: env['NATS_URL'],
    user: env['NATS_USER'],
    password: env['NATS_PASSWORD'],
    token: env['NATS_TOKEN'],
    creds: env['NATS_CREDS'],
    nkey: env['NATS_NKEY'],
    tlscert: env['NATS_CERT'],
    tlskey: env['NATS_KEY'],
    tlsca: env['NATS_CA'],
  };
  const commandLine: ConnectionSettings = { ...given, server: given.server ?? given.servers };
  const sources = [commandLine, fromEnvironment, ...(context ? [natsContext(context)] : [])].map(withoutEmpty);
  const login = sources.find(({ user, token, creds, nkey }) => user ?? token ?? creds ?? nkey);
  const certificate = sources.find(({ tlscert }) => tlscert);
  const first = <K extends keyof ConnectionSettings>(name: K): ConnectionSettings[K] =>
    sources.find((source) => source[name] !== undefined)?.[name];
  return {
    server: first('server'),
    user: login?.user,
    password: login?.password ?? (login?.user === undefined ? undefined : first('password')),
    token: login?.token,
    creds: login?.creds,
    nkey: login?.nkey,
    jwt: login?.jwt,
    tlscert: certificate?.tlscert,
    tlskey: certificate?.tlskey ?? first('tlskey'),
    tlsca: first('tlsca'),
    tlsfirst: first('tlsfirst'),
  };
}

/** A variable may be set to nothing. */
function withoutEmpty(settings: ConnectionSettings): ConnectionSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== '' && value !== undefined));
}

function credentialsOf({ user, password, token, creds, nkey, jwt }: ConnectionSettings): HubCredentials | undefined {
  if ((user ?? password ?? token ?? creds ?? nkey) === undefined) return undefined;
  return {
    user,
    password,
    token,
    creds: contentOf('creds', creds),
    nkeySeed: contentOf('nkey', nkey),
    jwt,
  };
}

function tlsOf({ tlscert, tlskey, tlsca, tlsfirst }: ConnectionSettings): HubTls | undefined {
  if ((tlscert ?? tlskey ?? tlsca ?? tlsfirst) === undefined) return undefined;
  return {
    ca: contentOf('tlsca', tlsca),
    cert: contentOf('tlscert', tlscert),
    key: contentOf('tlskey', tlskey),
    handshakeFirst: tlsfirst,
  };
}

function contentOf(name: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`--${name}: ${file} cannot be read.`, { cause });
  }
}
