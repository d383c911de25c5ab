import { createWriteStream } from 'node:fs';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { connect as connectTls } from 'node:tls';
import { codeOf, textOf } from './system-error.js';

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
  const answer = await get(url, timeouts, proxy);
  await pipeline(answer, createWriteStream(file)).catch((error: unknown) => brokeOff(url, error));
}

/** Downloads a short text. */
export async function downloadText(url: URL, timeouts: DownloadTimeouts, proxy?: URL): Promise<string> {
  const answer = await get(url, timeouts, proxy);
  return text(answer).catch((error: unknown) => brokeOff(url, error));
}

function brokeOff(url: URL, error: unknown): never {
  throw new Error(`${url.href} broke off: ${textOf(error)}`, { cause: error });
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
  const request = requestFor(url, tunnel);
  return answerOf(request, url, 'response', timeouts);
}

function requestFor(url: URL, tunnel: Duplex | undefined): ClientRequest {
  if (url.protocol === 'http:') return httpRequest(url, { agent: false });
  if (tunnel === undefined) return httpsRequest(url, { agent: false });
  return httpsRequest(url, { createConnection: () => connectTls({ socket: tunnel, servername: url.hostname }) });
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
    let answer: IncomingMessage | undefined;
    const fail = (reason: string) => (answer ?? request).destroy(new Error(`${url.origin} ${reason}`));
    const timer = setTimeout(() => fail(`could not be reached within ${timeouts.connect} ms`), timeouts.connect);
    request.once('close', () => clearTimeout(timer));
    request.on('socket', (socket) => {
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => clearTimeout(timer));
    });
    request.setTimeout(timeouts.stall, () => fail(`sent nothing for ${timeouts.stall} ms`));
    request.once(event, (received: IncomingMessage) => {
      clearTimeout(timer);
      answer = received;
      resolve(received);
    });
    request.on('error', (error) => {
      reject(codeOf(error) === undefined ? error : new Error(`${url.origin}: ${error.message}`, { cause: error }));
    });
    request.end();
  });
}
