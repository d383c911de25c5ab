/** Headers by names in lower case. */
export type HeadersByName = Readonly<Record<string, string>>;

/**
 * The headers that a request takes along to another origin. All others stay behind: that a header holds a secret cannot
 * be told by its name.
 */
const harmless: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'cache-control',
  'content-language',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'prefer',
  'range',
  'traceparent',
  'tracestate',
  'user-agent',
]);

/** RFC 9110, 5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** RFC 9110, 5.5: what a field may hold, of which the transport takes Latin-1. */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The headers that may be sent to an origin which was not asked for. */
export function harmlessHeaders(headers: HeadersByName): HeadersByName {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => harmless.has(name)));
}

/** The headers without those that describe a body. */
export function bodilessHeaders(headers: HeadersByName): HeadersByName {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('content-')));
}

/** The headers without the key of a function: it is for the function that was called, and not for whatever tells its state. */
export function keylessHeaders(headers: HeadersByName): HeadersByName {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'x-functions-key'));
}

/** Whether a method or the name of a header has the form of one. */
export function isToken(text: unknown): boolean {
  return typeof text === 'string' && token.test(text);
}

/** Whether a header can have this value. */
export function isFieldValue(value: unknown): boolean {
  return typeof value === 'string' && fieldValue.test(value);
}
