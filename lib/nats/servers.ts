import { ConfigError } from '../errors.js';

/** Where to connect, taken apart. */
export interface ServerAddresses {
  /** For people: without secrets. */
  readonly where: string;
  readonly options: {
    readonly servers: string[];
    readonly user?: string;
    readonly pass?: string;
    readonly token?: string;
    readonly tls?: object;
  };
}

/** Reads addresses as `nats://[user:password@|token@]host[:port]`. Throws ConfigError that names the key. */
export function parseServers(servers: string | readonly string[]): ServerAddresses {
  const given: unknown = typeof servers === 'string' ? servers.split(',') : servers;
  if (!Array.isArray(given) || !given.every((text) => typeof text === 'string'))
    throw new ConfigError('servers: must be a text, or an array of texts, such as nats://localhost:4222');
  const texts = given.map((text) => text.trim());
  const urls = texts.map(parseServer);
  const [first] = urls;
  if (!first) throw new ConfigError('servers: no address is given; write one such as nats://localhost:4222');
  const addresses = urls.map((url) => url.host);
  return {
    where: addresses.join(', '),
    options: { servers: addresses, ...credentials(first), ...(first.protocol === 'tls:' ? { tls: {} } : {}) },
  };
}

function parseServer(text: string): URL {
  const [, scheme = 'nats', rest = ''] = /^(?:([a-z+]+):\/\/)?(.*)$/i.exec(text) ?? [];
  const shown = rest.includes('@') ? `${scheme}://...@${rest.slice(rest.lastIndexOf('@') + 1)}` : text;
  if (scheme !== 'nats' && scheme !== 'tls')
    throw new ConfigError(`servers: "${shown}" has the scheme "${scheme}"; write nats://host:port or tls://host:port`);
  try {
    const url = new URL(`${scheme}://${rest}`);
    if (url.hostname === '' || url.port === '0') throw new TypeError('no host or no port');
    if (url.port === '') url.port = '4222';
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
