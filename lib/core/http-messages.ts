import type { RetryOptions } from './retry-options.js';

/** The activity that sends the requests of `callHttp`. No user's activity can have its name. */
export const HTTP_ACTIVITY = 'perdure.http';

/** What `callHttp` sends, and how it goes on from there. */
export interface CallHttpOptions {
  /** An absolute address, `http:` or `https:`, without user name and password. */
  readonly url: string | URL;
  /** `GET`, `POST` or any other method but CONNECT, TRACE and TRACK, in capitals or not. Default `GET`. */
  readonly method?: string | undefined;
  /**
   * Headers by name, without regard to case. They are stored in the history, so they are no place for secrets: use
   * `tokenSource`. Those that belong to the connection, such as `content-length`, are set by the transport.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * The body: text is sent as it is, any other value as JSON; unless `headers` say otherwise with `content-type: text/plain`
   * in UTF-8 and `application/json`. Not with GET and HEAD. Default: none.
   */
  readonly body?: unknown;
  /** Whether `body` is bytes, written as base64. Default false. */
  readonly isBase64Encoded?: boolean | undefined;
  /**
   * Where the worker that sends the request takes its credentials from: they are asked for anew for each request and are
   * stored nowhere. Default: none.
   */
  readonly tokenSource?: TokenSourceReference | undefined;
  /**
   * Whether an answer 202 with a `Location` header is asked again there, with GET, until the status is another one. Between
   * two requests a durable timer waits as long as `Retry-After` says. Default true.
   */
  readonly enablePolling?: boolean | undefined;
  /** The wait between two polls where no `Retry-After` says it, in milliseconds: 1 to 100 years. Default 30,000. */
  readonly pollingIntervalInMilliseconds?: number | undefined;
  /** `follow`: up to 20 redirects of one request are followed; `manual`: a redirect is an answer. Default `follow`. */
  readonly redirect?: 'follow' | 'manual' | undefined;
  /**
   * How long one request may take with its redirects and its body, in milliseconds; above 0, at most 100 years. Then it has
   * failed with ActivityTimedOutError. The waits between polls and attempts do not count. Default 100,000.
   */
  readonly timeoutInMilliseconds?: number | undefined;
  /**
   * The largest body that an answer may have, in bytes, uncompressed: 1 to 16,777,216 (16 MiB). A larger one fails the
   * request with HttpResponseTooLargeError. Default 4,194,304 (4 MiB).
   */
  readonly maxResponseBytes?: number | undefined;
  /** Tries again, over durable timers; each poll is a request with attempts of its own. Default: a single attempt. */
  readonly retry?: HttpRetryOptions | undefined;
}

/** When and how often a request is sent again: when there was no answer, and when its status is one of these. */
export interface HttpRetryOptions extends RetryOptions {
  /**
   * The statuses that are tried again, not before their `Retry-After` has passed. When the last attempt has one it is the
   * answer. Default: 408, 425, 429, 500, 502, 503 and 504.
   */
  readonly statusCodes?: readonly number[] | undefined;
}

/** Credentials by the name of their source, as the worker's `http.tokenSources` has it. A type, for it is stored. */
export type TokenSourceReference = {
  /** The name of the source. */
  readonly name: string;
  /** What the credentials are for, such as an audience or a scope, for the source to read. */
  readonly resource?: string | undefined;
};

/** An answer over HTTP: plain data, stored in the history. */
export type DurableHttpResponse = {
  /** The status, such as 200 or 404: every status is an answer. */
  readonly statusCode: number;
  /**
   * The headers as they came, by names in lower case. Several of one name are joined by `, `, those of `set-cookie` by line
   * feeds.
   */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, uncompressed: text in its charset, else in UTF-8; what is no such text is written as base64. */
  readonly content: string;
  /** Whether `content` is base64. */
  readonly isBase64Encoded: boolean;
  /** The address that answered: another one than was asked after a redirect or a poll. */
  readonly url: string;
};

/** A request as the history has it: the input of the activity `perdure.http`. */
export type HttpRequest = {
  readonly method: string;
  readonly url: string;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: true;
  readonly tokenSource?: TokenSourceReference;
  readonly redirect?: 'manual';
  readonly maxResponseBytes: number;
};
