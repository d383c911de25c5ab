import { connect } from 'node:net';

/** What a NATS server says of itself to everyone who connects. */
export interface ServerInfo {
  /** New at every start of a server. */
  readonly server_id: string;
  readonly version: string;
  readonly jetstream?: boolean;
}

/** Asks who serves a `nats://` address; undefined when nobody does, or when it is something else than a NATS server. */
export function askServerInfo(url: string): Promise<ServerInfo | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let received = '';
    const finish = (info: ServerInfo | undefined) => {
      socket.destroy();
      resolve(info);
    };
    socket.setEncoding('utf8').setTimeout(2_000, () => finish(undefined));
    socket.on('error', () => finish(undefined));
    socket.on('close', () => finish(undefined));
    socket.on('data', (text: string) => {
      received += text;
      if (received.includes('\r\n')) finish(parseInfo(received));
    });
  });
}

function parseInfo(received: string): ServerInfo | undefined {
  const line = /^INFO (\{.*\})\s*\r\n/.exec(received)?.[1];
  try {
    return line === undefined ? undefined : (JSON.parse(line) as ServerInfo);
  } catch {
    return undefined;
  }
}
