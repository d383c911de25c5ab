import type { ConnectionOptions } from 'nats';
import { ConfigError } from '../errors.js';

/** Where to connect, taken apart. */
export interface ServerAddresses {
  /** For people: without secrets. */
  readonly where: string;
  readonly options: Login & Pick<ConnectionOptions, 'tls'> & { readonly servers: string[] };
}

/** Who connects. */
export type Login = Pick<ConnectionOptions, 'user' | 'pass' | 'token' | 'authenticator'>;

export function isLogin({ user, token, authenticator }: Login): boolean {
  return (user ?? token ?? authenticator) !== undefined;
}

/** How addresses are written, and which port is meant where none is. */
interface Schemes {
  /** Without and with TLS. */
  readonly plain: string;
  readonly secure: string;
  readonly ports: Readonly<Record<string, string>>;
}

const overTcp: Schemes = { plain: 'nats', secure: 'tls', ports: { nats: '4222', tls: '4222' } };
const overWebSocket: Schemes = { plain: 'ws', secure: 'wss', ports: { ws: '80', wss: '443' } };

/** Reads addresses of the server's WebSocket listener as `wss://[user:password@|token@]host[:port]`. Throws as `parseServers`. */
export function parseWebSocketServers(servers: string | readonly string[]): ServerAddresses {
  const { urls, where } = read(servers, overWebSocket);
  const addresses = urls.map(({ protocol, host }) => `${protocol}//${host}`);
  return { where, options: { servers: addresses, ...credentials(urls[0]!) } };
}

/** Reads addresses as `nats://[user:password@|token@]host[:port]`. Throws ConfigError that names the key. */
export function parseServers(servers: string | readonly string[]): ServerAddresses {
  const { urls, where } = read(servers, overTcp);
  const [first] = urls;
  const addresses = urls.map(({ host }) => host);
  return {
    where,
    options: { servers: addresses, ...credentials(first!), ...(first!.protocol === 'tls:' ? { tls: {} } : {}) },
  };
}

function read(
  servers: string | readonly string[],
  schemes: Schemes,
): { readonly urls: readonly URL[]; readonly where: string } {
  const example = `${schemes.plain}://localhost:4222`;
  const given: unknown = typeof servers === 'string' ? servers.split(',') : servers;
  if (!Array.isArray(given) || !given.every((text) => typeof text === 'string'))
    throw new ConfigError(`servers: must be a text, or an array of texts, such as ${example}`);
  const texts = given.map((text) => text.trim());
  const urls = texts.map((text) => parseServer(text, schemes));
  if (urls.length === 0) throw new ConfigError(`servers: no address is given; write one such as ${example}`);
  return { urls, where: urls.map(({ host }) => host).join(', ') };
}

function parseServer(text: string, { plain, secure, ports }: Schemes): URL {
  const [, scheme = plain, rest = ''] = /^(?:([a-z+]+):\/\/)?(.*)$/i.exec(text) ?? [];
  const shown = rest.includes('@') ? `${scheme}://...@${rest.slice(rest.lastIndexOf('@') + 1)}` : text;
  if (scheme !== plain && scheme !== secure)
    throw new ConfigError(
      `servers: "${shown}" has the scheme "${scheme}"; write ${plain}://host:port or ${secure}://host:port`,
    );
  try {
    const url = new URL(`${scheme}://${rest}`);
    if (url.hostname === '' || url.port === '0') throw new TypeError('no host or no port');
    if (url.port === '') url.port = ports[scheme]!;
    return url;
  } catch (error) {
    const why = error instanceof TypeError ? 'the host is missing, or the port is not from 1 to 65535' : String(error);
    throw new ConfigError(`servers: "${shown}" is not an address: ${why}`);
  }
}

function credentials({ username, password, host }: URL): { user?: string; pass?: string; token?: string } {
  if (username === '') return {};
  try {
    if (password === '') return { token: decodeURIComponent(username) };
    return { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  } catch (error) {
    throw new ConfigError(`servers: the user or password for ${host} is not URL-encoded: write % as %25`, {
      cause: error,
    });
  }
}
