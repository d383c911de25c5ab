import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { ConfigError } from '../../errors.js';

const GRACE = 5_000;

/** A server whose requests are answered once there is somebody to answer them. */
export class FunctionServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #hostname: string;
  #answer: ((request: Request) => Promise<Response>) | undefined;

  private constructor(hostname: string) {
    this.#hostname = hostname;
    const listener = getRequestListener(
      (request) => this.#answer?.(request) ?? new Response(null, { status: 503, headers: { 'retry-after': '1' } }),
      { overrideGlobalObjects: false },
    );
    this.#server = createServer((request, response) => {
      response.on('close', () => this.#server.listening || setImmediate(() => this.#server.closeIdleConnections()));
      void listener(request, response);
    });
  }

  /** Throws ConfigError when it cannot listen there. */
  static async listen(port: number, hostname: string): Promise<FunctionServer> {
    const made = new FunctionServer(hostname);
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: Error): void =>
        reject(new ConfigError(`The host cannot listen on ${hostname}:${port}: ${cause.message}`, { cause }));
      made.#server.once('error', fail).listen(port, hostname, () => {
        made.#server.off('error', fail);
        resolve();
      });
    });
    return made;
  }

  /** Such as `http://localhost:7071`. */
  get origin(): string {
    const { port } = this.#server.address() as AddressInfo;
    const isLocal = this.#hostname === '127.0.0.1' || this.#hostname === '::1';
    return `http://${isLocal ? 'localhost' : this.#hostname}:${port}`;
  }

  /** From now on requests are answered. */
  answerWith(answer: (request: Request) => Promise<Response>): void {
    this.#answer = answer;
  }

  /** What is asked already is answered first, for five seconds at most. */
  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      const force = setTimeout(() => this.#server.closeAllConnections(), GRACE);
      this.#server.close(() => {
        clearTimeout(force);
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }
}
