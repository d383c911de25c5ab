import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Both ends of a connection. */
interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** What came from the near end and is kept, while the connection is jammed. */
  kept: Buffer[] | undefined;
}

/** A TCP proxy on the loopback address between a process and a server, which can be made to misbehave. */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #isBlackHole = false;
  /** Bytes that arrived, in either direction, while nothing was passed on. */
  #swallowed = 0;

  private constructor(upstream: number) {
    this.#server = createServer((near) => this.#join(near, connect({ host: '127.0.0.1', port: upstream })));
  }

  /** Listens on a free port for a server on another port. */
  static async start(upstream: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(upstream);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** Whether somebody is connected through it. */
  get isUsed(): boolean {
    return this.#pairs.size > 0;
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts all connections with RST; how many there were. */
  reset(): number {
    const count = this.#pairs.size;
    for (const { near, far } of this.#pairs) for (const socket of [near, far]) socket.resetAndDestroy();
    return count;
  }

  /**
   * Swallows everything from now on, in both directions and of new connections as well, until `end`; what was swallowed
   * is lost, so the connections are cut then. `bytes` and `end` tell how many bytes there were.
   */
  blackHole(): { bytes(): number; end(): number } {
    this.#isBlackHole = true;
    this.#swallowed = 0;
    return {
      bytes: () => this.#swallowed,
      end: () => {
        this.#isBlackHole = false;
        this.reset();
        return this.#swallowed;
      },
    };
  }

  /**
   * Keeps what the near ends of the present connections send until `end`, and passes it on then: also what came from an
   * end that has closed since, as a network does whose path is mended. They go on hearing the server, and have reason to
   * send; new connections are not touched. `end` tells how many bytes there were.
   */
  jam(): { end(): number } {
    const jammed = [...this.#pairs];
    for (const pair of jammed) pair.kept = [];
    return {
      end: () => {
        let bytes = 0;
        for (const pair of jammed) {
          const late = Buffer.concat(pair.kept!);
          pair.kept = undefined;
          bytes += late.length;
          if (pair.far.destroyed) pair.near.destroy();
          else if (pair.near.destroyed) pair.far.end(late);
          else pair.far.write(late);
        }
        return bytes;
      },
    };
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.reset();
    await closed;
  }

  #join(near: Socket, far: Socket): void {
    const pair: Pair = { near, far, kept: undefined };
    this.#pairs.add(pair);
    near.on('data', (bytes: Buffer) => (pair.kept ? void pair.kept.push(bytes) : this.#pass(bytes, near, far)));
    far.on('data', (bytes: Buffer) => this.#pass(bytes, far, near));
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      // The other end is told by the cut of its own connection.
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#pairs.delete(pair);
        if (pair.kept) return; // what it has sent is still on its way
        near.destroy();
        far.destroy();
      });
    }
  }

  #pass(bytes: Buffer, from: Socket, to: Socket): void {
    if (this.#isBlackHole) this.#swallowed += bytes.length;
    else if (!to.destroyed && !to.write(bytes)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  }
}
