/** The parsed address, or undefined. */
export function urlOf(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** Whether requests can be sent by this scheme. */
export function isHttp({ protocol }: URL): boolean {
  return protocol === 'http:' || protocol === 'https:';
}

/** Whether the address holds a user name or a password. */
export function hasUserInfo({ username, password }: URL): boolean {
  return username !== '' || password !== '';
}

/**
 * The address that a `Location` header names, relative to the one that answered, without its fragment; undefined when it
 * is none that a request can be sent to.
 */
export function locationOf(location: string, base: string): URL | undefined {
  const url = urlOf(location, base);
  if (!url || !isHttp(url) || hasUserInfo(url)) return undefined;
  url.hash = '';
  return url;
}

/** An address for a text that people read: without its query, which may hold a secret. */
export function shownUrl(text: string): string {
  const url = urlOf(text);
  return url ? `${url.origin}${url.pathname}` : text;
}
