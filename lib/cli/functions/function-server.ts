import { listen, type Answer } from '../../http/node-server.js';

/** A server whose requests are answered once there is somebody to answer them. */
export interface FunctionServer extends AsyncDisposable {
  /** Such as `http://localhost:7071`. */
  readonly origin: string;
  /** From now on requests are answered so. */
  answerWith(answer: Answer): void;
}

/** Throws ConfigError when it cannot listen there. */
export async function functionServer(port: number, hostname: string): Promise<FunctionServer> {
  let answer: Answer = () => new Response(null, { status: 503, headers: { 'retry-after': '1' } });
  const server = await listen((request) => answer(request), { port, hostname, name: 'The host' });
  const isLocal = hostname === '127.0.0.1' || hostname === '::1';
  return {
    origin: isLocal ? `http://localhost:${server.port}` : server.url,
    answerWith: (given) => void (answer = given),
    [Symbol.asyncDispose]: () => server.close(),
  };
}
