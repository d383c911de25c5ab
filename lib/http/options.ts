import type { OrchestratorObject } from '../core/proxies.js';
import { atLeastOne } from '../client/http-settings.js';
import type { HttpAccess } from './authorization.js';

/** Who may ask the HTTP API. */
export interface HttpAuthOptions {
  /**
   * Keys that allow everything, each of 16 characters or more, taken from the header `x-functions-key` or as bearer token. Several, so
   * that one can be replaced after the other. Default: none.
   */
  readonly keys?: readonly string[] | undefined;
  /**
   * Decides over requests without one of the keys, such as by a token of your own: true lets it in. It must not read the body. Default: nobody
   * else is let in.
   */
  readonly authorize?: ((request: Request, access: HttpAccess) => boolean | Promise<boolean>) | undefined;
  /**
   * The secret that signs URLs of instances, of 16 characters or more; all processes that serve one hub need the same. Default: the first of the
   * keys; without one, URLs are not signed, and whoever follows them needs credentials.
   */
  readonly signingKey?: string | undefined;
  /** How long a signed URL is good, in milliseconds: 1 or more. Default 86,400,000, a day. */
  readonly urlLifetimeInMilliseconds?: number | undefined;
}

/** What requests to the HTTP API may take. */
export interface HttpLimits {
  /** The largest body, in bytes. Default 1,048,576 (1 MiB). */
  readonly maxBodyBytes?: number | undefined;
  /** How long a body may take to come, in milliseconds. Default 30,000. */
  readonly bodyTimeoutInMilliseconds?: number | undefined;
  /** How many requests may wait for ends of instances, or watch, at the same time. Default 100. */
  readonly maxWaits?: number | undefined;
  /** How long a request may wait for the end of an instance, in milliseconds. Default 230,000. */
  readonly maxWaitInMilliseconds?: number | undefined;
}

/** How the HTTP API is served. */
export interface HttpApiOptions {
  /** What stands before all routes. Default `/runtime/webhooks/durabletask`; an empty text: nothing. */
  readonly basePath?: string | undefined;
  /**
   * The origin under which others reach the API, such as `https://orders.example.com`; its host is let in. Default: that of the
   * request which is answered.
   */
  readonly publicUrl?: string | undefined;
  /** Who may ask. Default: whoever can reach it. */
  readonly auth?: HttpAuthOptions | undefined;
  /** Hosts under which the API is asked, without port, beside `localhost`, `127.0.0.1` and `[::1]`. Default: none. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Origins of pages that may ask from a browser, such as `https://admin.example.com`. Default: none but the API's own. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** What requests may take. */
  readonly limits?: HttpLimits | undefined;
  /** Orchestrators whose inputs are checked before they are sent, and described by `openapi.json`. Default: none. */
  readonly orchestrators?: readonly (new () => OrchestratorObject)[] | undefined;
  /** Entities whose inputs are checked before they are sent, and described by `openapi.json`. Default: none. */
  readonly entities?: readonly (new () => object)[] | undefined;
  /** Is told what was answered with 500 and nothing else. Default: a line on the standard error. */
  readonly onError?: ((error: unknown, requestId: string) => void) | undefined;
}

/** The limits that hold. */
export type Limits = { readonly [K in keyof HttpLimits]-?: number };

/** Throws ConfigError. */
export function limitsOf(given: HttpLimits = {}): Limits {
  return {
    maxBodyBytes: atLeastOne('limits.maxBodyBytes', given.maxBodyBytes, 1_048_576),
    bodyTimeoutInMilliseconds: atLeastOne('limits.bodyTimeoutInMilliseconds', given.bodyTimeoutInMilliseconds, 30_000),
    maxWaits: atLeastOne('limits.maxWaits', given.maxWaits, 100),
    maxWaitInMilliseconds: atLeastOne('limits.maxWaitInMilliseconds', given.maxWaitInMilliseconds, 230_000),
  };
}
