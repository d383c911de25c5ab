import { ConfigError } from '../../errors.js';
import {
  makeDataFolder,
  makeTemporaryDataFolder,
  projectDataFolder,
  sweepTemporaryDataFolders,
} from './data-folder.js';
import { FolderServer } from './folder-server.js';
import { resolveNatsServer } from './resolve.js';

/** Where an embedded server keeps its data, and how it is reached. */
export interface EmbeddedServerOptions {
  /** The data folder, kept between runs. Default: `.perdure` beside the nearest package.json above the working directory. */
  readonly folder?: string | undefined;
  /** Use a new folder that is removed by `stop()`, and the server's default of writing to the disk lazily. */
  readonly temporary?: boolean | undefined;
  /** The client port on the loopback address, 1 to 65535. Default: the former one of the folder if free, else any. */
  readonly port?: number | undefined;
  /** Receives one line when a server is being fetched or started again. Default: the standard error. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** A nats-server in a process of its own, on the loopback address, that never outlives the process that started it. */
export interface EmbeddedServer extends AsyncDisposable {
  /** The address for clients, such as `nats://127.0.0.1:40123`. It may change after `ensureRunning()`. */
  readonly url: string;
  /** The address of the server's monitoring pages. */
  readonly monitorUrl: string;
  /** The process number of nats-server itself; undefined while it is down. */
  readonly pid: number | undefined;
  /** Whether this process started the server and ends it; false when it is attached to another's. */
  readonly owned: boolean;
  /** The data folder. */
  readonly folder: string;
  /**
   * Settles once the folder's server answers. To be called when the connection is lost: if the process that owned the
   * server is gone, this one starts it again on the same data, and on the same port if that is free.
   * Throws what `startEmbeddedServer` throws, and ClosedError after `stop()`.
   */
  ensureRunning(): Promise<void>;
  /** Stops the server if this process owns it, and waits until it is down. Of an attached server it only lets go. */
  stop(): Promise<void>;
}

/**
 * Starts the server of a data folder, or attaches to the one that another process runs on it: there is never more than
 * one. A kept folder is written with every message on the disk before it is acknowledged.
 * A server that dies is started again on the same data and port until `stop()`.
 *
 * Throws NatsServerMissingError, ServerTooOldError or ConfigError when no usable nats-server is found (see
 * `resolveNatsServer`), ConfigError when the options or the folder cannot work, and ServerUnavailableError when the
 * server does not start, or the one to attach to does not answer within 60 s.
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions = {}): Promise<EmbeddedServer> {
  const temporary = checkedOptions(options).temporary ?? false;
  const onProgress = options.onProgress ?? toStandardError;
  const folder = temporary
    ? await newTemporaryFolder()
    : await makeDataFolder(options.folder ?? projectDataFolder('.'));
  const binary = async () => (await resolveNatsServer({ onProgress })).path;
  const server = new FolderServer({ folder, temporary, port: options.port, binary, onProgress });
  try {
    await server.ensureRunning();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

function checkedOptions(options: EmbeddedServerOptions): EmbeddedServerOptions {
  const { folder, temporary, port } = options;
  if (temporary === true && folder !== undefined) {
    throw new ConfigError('An embedded server has a folder or is temporary: give one of the two options.');
  }
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    throw new ConfigError(`The port ${port} is not a whole number from 1 to 65535.`);
  }
  return options;
}

async function newTemporaryFolder(): Promise<string> {
  await sweepTemporaryDataFolders();
  return makeTemporaryDataFolder();
}

function toStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}
