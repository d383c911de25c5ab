import { locationOf, shownUrl } from '../core/http-address.js';
import { bodilessHeaders, harmlessHeaders, type HeadersByName } from '../core/http-headers.js';
import { HttpRequestFailedError } from '../errors.js';

/** One request on the network: a call takes several when it is redirected. */
export interface Hop {
  readonly method: string;
  readonly url: URL;
  readonly headers: HeadersByName;
  readonly body: string | Buffer | undefined;
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * The request that an answer redirects to, or undefined. As browsers do, 303 makes a GET of all but HEAD, and 301 and 302 one
 * of POST. Throws HttpRequestFailedError for a `Location` that is no address.
 */
export function redirected(hop: Hop, { status, headers }: Response): Hop | undefined {
  const location = headers.get('location');
  if (!redirects.has(status) || location === null) return undefined;
  const url = locationOf(location, hop.url.href);
  if (!url) {
    const told = `the answer ${status} redirects to ${JSON.stringify(location)}, which is no address.`;
    throw new HttpRequestFailedError(`${hop.method} ${shownUrl(hop.url.href)}: ${told}`);
  }
  const next = becomesGet(status, hop.method) ? asGet(hop) : hop;
  return { ...next, url, headers: url.origin === hop.url.origin ? next.headers : harmlessHeaders(next.headers) };
}

function becomesGet(status: number, method: string): boolean {
  return status === 303 ? method !== 'HEAD' : (status === 301 || status === 302) && method === 'POST';
}

function asGet(hop: Hop): Hop {
  return { ...hop, method: 'GET', body: undefined, headers: bodilessHeaders(hop.headers) };
}
