import { ConfigError } from '../errors.js';

/** What the original's API has before its routes. */
export const defaultBasePath = '/runtime/webhooks/durabletask';

/** Throws ConfigError. */
export function atLeastOne(name: string, given: number | undefined, byDefault: number): number {
  const value = given ?? byDefault;
  if (Number.isFinite(value) && value >= 1) return Math.floor(value);
  throw new ConfigError(`${name}: must be 1 or more, not ${value}`);
}

/** A path without a slash at its end. Throws ConfigError. */
export function basePathOf(given: string = defaultBasePath): string {
  const path = given.replace(/\/+$/, '');
  if (path === '' || /^(?:\/[A-Za-z0-9._~-]+)+$/.test(path)) return path;
  throw new ConfigError(`basePath: must be like ${defaultBasePath}, of letters, digits and . _ ~ -`);
}

/** The origin of a URL without anything behind it. Throws ConfigError. */
export function originOf(name: string, given: string): string {
  try {
    const { protocol, origin, pathname, search } = new URL(given);
    if (/^https?:$/.test(protocol) && pathname === '/' && search === '') return origin;
  } catch {
    // said below
  }
  throw new ConfigError(`${name}: must be an origin such as https://orders.example.com, not ${JSON.stringify(given)}`);
}

/** Throws ConfigError for a key that can be guessed. */
export function checkKey(name: string, key: unknown): string {
  if (typeof key === 'string' && /^[!-~]{16,}$/.test(key)) return key;
  throw new ConfigError(`${name}: must have 16 characters or more, without spaces, of ASCII`);
}
