import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP proxy on the loopback address between a process and a server, which can be made to misbehave. */
export class TcpProxy {
  readonly #server: Server;
  /** Both ends of each connection. */
  readonly #pairs = new Set<readonly [Socket, Socket]>();
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
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
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

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.reset();
    await closed;
  }

  #join(near: Socket, far: Socket): void {
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    this.#pipe(near, far);
    this.#pipe(far, near);
    for (const socket of pair) {
      socket.setNoDelay(true);
      // The other end is told by the cut of its own connection.
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
  }

  #pipe(from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      if (this.#isBlackHole) this.#swallowed += bytes.length;
      else if (!to.write(bytes)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    });
  }
}
