import { createWriteStream } from 'node:fs';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { connect as connectTls } from 'node:tls';
import { codeOf } from './system-error.js';

/** How long a download may make no progress. */
export interface DownloadTimeouts {
  /** Until the connection to a host stands, in milliseconds. */
  readonly connect: number;
  /** Between two pieces of the answer, in milliseconds. */
  readonly stall: number;
}

const mostRedirects = 5;

/** Downloads a URL into a file. Throws an Error that says why not; the file may then hold a part. */
export async function download(url: URL, file: string, timeouts: DownloadTimeouts, proxy?: URL): Promise<void> {
  await pipeline(await get(url, timeouts, proxy), createWriteStream(file));
}

/** Downloads a short text. */
export async function downloadText(url: URL, timeouts: DownloadTimeouts, proxy?: URL): Promise<string> {
  let text = '';
  for await (const chunk of (await get(url, timeouts, proxy)).setEncoding('utf8')) text += chunk;
  return text;
}

async function get(
  url: URL,
  timeouts: DownloadTimeouts,
  proxy: URL | undefined,
  redirects = 0,
): Promise<IncomingMessage> {
  const answer = await ask(url, timeouts, url.protocol === 'https:' ? proxy : undefined);
  const { statusCode: status = 0 } = answer;
  if (status === 200) return answer;
  answer.resume();
  const { location } = answer.headers;
  if (status < 300 || status > 399 || location === undefined)
    throw new Error(`${url.href} answers with status ${status}`);
  if (redirects === mostRedirects) throw new Error(`${url.href} redirects more than ${mostRedirects} times`);
  return get(new URL(location, url), timeouts, proxy, redirects + 1);
}

async function ask(url: URL, timeouts: DownloadTimeouts, proxy: URL | undefined): Promise<IncomingMessage> {
  const tunnel = proxy && (await tunnelThrough(proxy, url, timeouts));
  const tunnelled = tunnel && { createConnection: () => connectTls({ socket: tunnel, servername: url.hostname }) };
  const request =
    url.protocol === 'https:' ? httpsRequest(url, { agent: false, ...tunnelled }) : httpRequest(url, { agent: false });
  return answerOf(request, url, 'response', timeouts);
}

/** A connection to the host of an https URL through an http proxy. */
async function tunnelThrough(proxy: URL, url: URL, timeouts: DownloadTimeouts): Promise<Duplex> {
  const user = decodeURIComponent(`${proxy.username}:${proxy.password}`);
  const path = `${url.hostname}:${url.port || 443}`;
  const headers = { host: path, ...(user !== ':' && { 'proxy-authorization': `Basic ${btoa(user)}` }) };
  const { hostname, port } = proxy;
  const request = httpRequest({ hostname, port: port || 80, method: 'CONNECT', path, headers, agent: false });
  const answer = await answerOf(request, proxy, 'connect', timeouts);
  if (answer.statusCode === 200) return answer.socket;
  answer.socket.destroy();
  throw new Error(`the proxy ${proxy.host} answers with status ${answer.statusCode}`);
}

function answerOf(
  request: ClientRequest,
  url: URL,
  event: string,
  timeouts: DownloadTimeouts,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => request.destroy(new Error(`${url.origin} ${reason}`));
    const timer = setTimeout(() => fail(`could not be reached within ${timeouts.connect} ms`), timeouts.connect);
    request.on('socket', (socket) => {
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => clearTimeout(timer));
    });
    request.setTimeout(timeouts.stall, () => fail(`sent nothing for ${timeouts.stall} ms`));
    request.once(event, (answer: IncomingMessage) => {
      clearTimeout(timer);
      resolve(answer);
    });
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(codeOf(error) === undefined ? error : new Error(`${url.origin}: ${error.message}`, { cause: error }));
    });
    request.end();
  });
}
