import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ClosedError, ServerUnavailableError } from '../../errors.js';
import { FolderLock, type HeldLock } from './folder-lock.js';
import type { ProcessIdentity } from './process-identity.js';
import { askServerInfo } from './server-info.js';
import { tellToStop } from './server-launcher.js';
import { startServerProcess, untilEnded, type ServerAddress, type ServerProcess } from './server-process.js';
import { textOf } from './system-error.js';

/** What the holder of a data folder's lock tells the others, and its successor. */
interface FolderNote {
  /** Every process that may still use the store: none of them may run when the next server starts. */
  readonly processes: readonly ProcessIdentity[];
  /** The port of the last server; the next one takes it again, so that clients reconnect by themselves. */
  readonly port: number;
  /** The server, once it is ready. */
  readonly address?: ServerAddress;
}

export interface FolderServerOptions {
  readonly folder: string;
  /** The folder goes with the server. */
  readonly temporary: boolean;
  /** The port that must be had; undefined: the former one if it is free, else any. */
  readonly port: number | undefined;
  /** Finds the binary; called only when a server is to be started. */
  readonly binary: () => Promise<string>;
  readonly onProgress: (line: string) => void;
}

const attachWithinMilliseconds = 60_000;
const longestPauseInMilliseconds = 5_000;

/**
 * The one server of a data folder, as one of possibly many processes sees it.
 *
 * Whoever holds the folder's lock owns the server: starts it, starts it again when it dies, and stops it. nats-server
 * does not lock its store and two of them would ruin it: a server starts only under the lock, and only after every
 * process that a former owner noted has ended.
 */
export class FolderServer {
  readonly #options: FolderServerOptions;
  readonly #lock: FolderLock<FolderNote>;
  #held: HeldLock<FolderNote> | undefined;
  #left: FolderNote = { processes: [], port: 0 };
  #server: ServerProcess | undefined;
  #address: ServerAddress | undefined;
  #ensuring: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: FolderServerOptions) {
    this.#options = options;
    this.#lock = new FolderLock(join(options.folder, 'lock'));
  }

  get folder(): string {
    return this.#options.folder;
  }

  get owned(): boolean {
    return this.#held !== undefined;
  }

  get url(): string {
    return this.#lastAddress.url;
  }

  get monitorUrl(): string {
    return this.#lastAddress.monitorUrl;
  }

  get pid(): number | undefined {
    const isDown = this.owned && this.#server === undefined;
    return isDown ? undefined : this.#lastAddress.pid;
  }

  /** Settles once the server answers, attached to or started here. */
  ensureRunning(): Promise<void> {
    this.#ensuring ??= this.#untilAnswering().finally(() => (this.#ensuring = undefined));
    return this.#ensuring;
  }

  /** Ends the server if this process owns it. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #untilAnswering(): Promise<void> {
    const deadline = performance.now() + attachWithinMilliseconds;
    for (;;) {
      if (this.#stopping !== undefined) throw new ClosedError('The embedded server is stopped.');
      if (await answers(this.#address)) return;
      if (await this.#tryStart()) return;
      if (performance.now() > deadline) throw this.#silent();
      await delay(20);
    }
  }

  /** Whether a server was started here; else another process does, or this one is about to see its own server end. */
  async #tryStart(): Promise<boolean> {
    if (this.#held !== undefined) return this.#server === undefined && this.#start(this.#held);
    const note = await this.#lock.noteOfHolder();
    if (note !== undefined) {
      this.#address = note.address ?? this.#address;
      return false;
    }
    const binary = await this.#options.binary();
    const held = await this.#lock.tryTake((left) => (this.#left = left ?? this.#left));
    if (held === undefined) return false;
    try {
      await this.#start(held, binary);
    } catch (error) {
      await held.release(this.#left);
      throw error;
    }
    this.#held = held;
    void held.lost.then(() => this.#giveUp());
    return true;
  }

  /** Another process has the folder now: two servers on one store would ruin it. */
  async #giveUp(): Promise<void> {
    const server = this.#server;
    this.#held = undefined;
    this.#server = undefined;
    this.#options.onProgress(`Another process has taken over ${this.#options.folder}: nats-server ends here.`);
    await server?.stop();
  }

  async #start(held: HeldLock<FolderNote>, found?: string): Promise<true> {
    const binary = found ?? (await this.#options.binary());
    // They are ending, unless the launcher was killed together with their owner.
    tellToStop(this.#left.processes);
    await untilEnded(this.#left.processes);
    const server = await this.#startOnSamePort(held, binary);
    const { address } = server;
    this.#left = { ...this.#left, port: Number(new URL(address.url).port) };
    await held.write({ ...this.#left, address }).catch(async (error: unknown) => {
      await server.stop();
      throw error;
    });
    this.#server = server;
    this.#address = address;
    void this.#supervise(server);
    return true;
  }

  async #startOnSamePort(held: HeldLock<FolderNote>, binary: string): Promise<ServerProcess> {
    const { folder, temporary, port } = this.#options;
    const start = (onPort: number) =>
      startServerProcess({
        binary,
        folder,
        port: onPort,
        syncAlways: !temporary,
        onProcesses: async (processes) => {
          this.#left = { ...this.#left, processes };
          await held.write(this.#left);
        },
      });
    const wanted = port ?? this.#left.port;
    try {
      return await start(wanted);
    } catch (error) {
      // Another program has taken the port meanwhile.
      if (port !== undefined || wanted === 0) throw error;
      return start(0);
    }
  }

  async #supervise(server: ServerProcess): Promise<void> {
    await server.ended;
    if (this.#stopping !== undefined) return;
    this.#options.onProgress(`nats-server (process ${server.address.pid}) has ended; starting it again.`);
    await server.stop();
    this.#server = undefined;
    for (let pause = 100; this.#stopping === undefined; pause = Math.min(2 * pause, longestPauseInMilliseconds)) {
      try {
        return await this.ensureRunning();
      } catch (error) {
        if (error instanceof ClosedError) return;
        this.#options.onProgress(`nats-server did not start again, next attempt in ${pause} ms: ${textOf(error)}`);
        await delay(pause, undefined, { ref: false });
      }
    }
  }

  async #stop(): Promise<void> {
    await Promise.allSettled([this.#ensuring]);
    await this.#server?.stop();
    await this.#held?.release({ ...this.#left, processes: [] });
    this.#held = undefined;
    if (this.#options.temporary) await rm(this.#options.folder, { recursive: true, force: true });
  }

  get #lastAddress(): ServerAddress {
    if (this.#address === undefined) throw new ClosedError('The embedded server has not been started.');
    return this.#address;
  }

  #silent(): ServerUnavailableError {
    return new ServerUnavailableError(
      `A process holds the data folder ${this.#options.folder}, but no server of it answered here within ` +
        `${attachWithinMilliseconds / 1000} s. Stop that process, or name another folder; between containers, run one ` +
        'nats-server for all of them and give its address.',
    );
  }
}

async function answers(address: ServerAddress | undefined): Promise<boolean> {
  return address !== undefined && (await askServerInfo(address.url))?.server_id === address.serverId;
}
