import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

type End = 'near' | 'far';

/** Both ends of a connection. */
interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** What came from each end and is kept, while the connection is jammed. */
  kept: Record<End, Buffer[]> | undefined;
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
   * is lost, so the connections are cut then. `end` tells how many bytes there were.
   */
  blackHole(): { end(): number } {
    this.#isBlackHole = true;
    this.#swallowed = 0;
    return {
      end: () => {
        this.#isBlackHole = false;
        this.reset();
        return this.#swallowed;
      },
    };
  }

  /**
   * Keeps what comes through the present connections, in both directions, until `end`, and passes it on then: also what
   * came from an end that has closed since, as a network does whose path is mended. New connections are not touched.
   * `end` tells how many bytes of the near ends there were.
   */
  jam(): { end(): number } {
    const jammed = [...this.#pairs];
    for (const pair of jammed) pair.kept = { near: [], far: [] };
    return {
      end: () => {
        let bytes = 0;
        for (const pair of jammed) {
          const { near, far } = pair.kept!;
          pair.kept = undefined;
          for (const part of near) bytes += part.length;
          if (!pair.far.destroyed) pair.far.write(Buffer.concat(near));
          if (pair.near.destroyed) pair.far.end();
          else pair.near.write(Buffer.concat(far));
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
    this.#pipe(pair, 'near', 'far');
    this.#pipe(pair, 'far', 'near');
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

  #pipe(pair: Pair, side: End, other: End): void {
    const [from, to] = [pair[side], pair[other]];
    from.on('data', (bytes: Buffer) => {
      if (pair.kept) pair.kept[side].push(bytes);
      else if (this.#isBlackHole) this.#swallowed += bytes.length;
      else if (!to.write(bytes)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    });
  }
}
