import { ConfigError } from '../errors.js';
import { atLeastOne, basePathOf, checkKey, originOf } from './http-settings.js';
import { ManagementUrls, type HttpManagementPayload } from './management-urls.js';
import type { OrchestrationHandle } from './orchestration-handle.js';
import { hasEnded, type OrchestrationStatus } from './orchestration-status.js';
import { statusBody } from './status-body.js';
import { UrlSigner } from './url-signer.js';

/** The HTTP API that a client makes URLs of, when it answers requests of its own. */
export interface HttpUrlOptions {
  /**
   * The origin under which others reach the API, such as `https://orders.example.com`. Default: that of the request which is
   * answered; give it where requests are not checked for the host that they name.
   */
  readonly publicUrl?: string | undefined;
  /** What stands before all routes of the API. Default `/runtime/webhooks/durabletask`. */
  readonly basePath?: string | undefined;
  /** The secret that signs URLs, as the API has it (`auth.signingKey`, or the first of its keys). Default: they are not signed. */
  readonly signingKey?: string | undefined;
  /** How long a signed URL is good, in milliseconds: 1 or more. Default 86,400,000, a day. */
  readonly urlLifetimeInMilliseconds?: number | undefined;
}

/** How long a request waits for the end of an instance. */
export interface HttpWaitOptions {
  /** In milliseconds: 0 or more. Default 10,000. */
  readonly timeoutInMilliseconds?: number | undefined;
  /** Of the original, and of no effect: ends are told, not looked for. It must not be longer than the timeout. Default 1,000. */
  readonly retryIntervalInMilliseconds?: number | undefined;
}

const DAY = 86_400_000;

/** Makes the answers of a program that serves HTTP itself: where to look for the end of an instance, or the end. */
export class HttpResponses {
  readonly #urls: ManagementUrls;
  readonly #publicOrigin: string | undefined;

  /** Throws ConfigError for an option that cannot work. */
  constructor(taskHub: string, options: HttpUrlOptions = {}) {
    const { publicUrl, signingKey, urlLifetimeInMilliseconds } = options;
    const lifetime = atLeastOne('http.urlLifetimeInMilliseconds', urlLifetimeInMilliseconds, DAY);
    const signer =
      signingKey === undefined ? undefined : new UrlSigner(taskHub, checkKey('http.signingKey', signingKey), lifetime);
    this.#urls = new ManagementUrls(basePathOf(options.basePath), taskHub, signer);
    this.#publicOrigin = publicUrl === undefined ? undefined : originOf('http.publicUrl', publicUrl);
  }

  /** Throws InvalidIdError, and ConfigError when the origin is not known. */
  async payload(instanceId: string, request: Request | undefined): Promise<Required<HttpManagementPayload>> {
    const origin = this.#publicOrigin ?? (request && originNamedBy(request));
    if (origin !== undefined) return this.#urls.payload(origin, instanceId);
    throw new ConfigError('http.publicUrl: is needed to make URLs without a request.');
  }

  async checkStatus(request: Request, instanceId: string): Promise<Response> {
    return checkStatusResponse(await this.payload(instanceId, request));
  }

  /** Throws ConfigError for times that are none. */
  async ended(request: Request, handle: OrchestrationHandle, options: HttpWaitOptions): Promise<Response> {
    const timeoutInMilliseconds = waitTimeOf(options);
    await handle.result({ timeoutInMilliseconds, signal: request.signal }).catch(() => {}); // its status tells
    const status = await handle.status({ signal: request.signal });
    return hasEnded(status) ? endResponse(status) : this.checkStatus(request, handle.instanceId);
  }
}

/** How long to wait. Throws ConfigError. */
export function waitTimeOf(options: HttpWaitOptions): number {
  const { timeoutInMilliseconds: timeout = 10_000, retryIntervalInMilliseconds: interval = 1_000 } = options;
  if (timeout >= 0 && interval <= timeout) return timeout;
  throw new ConfigError('timeoutInMilliseconds: must be 0 or more, and not less than retryIntervalInMilliseconds');
}

/** Under which a request has reached this server, as it says. */
export function originNamedBy(request: Request): string {
  const { protocol, host } = new URL(request.url);
  return `${protocol}//${request.headers.get('host') ?? host}`;
}

/** Where to look for the end of an instance, and when. */
export function checkStatusResponse(payload: HttpManagementPayload): Response {
  return jsonResponse(payload, 202, { location: payload.statusQueryGetUri, 'retry-after': '10' });
}

/** What an instance that has ended returned, or how it stands. */
export function endResponse(status: OrchestrationStatus): Response {
  if (status.runtimeStatus === 'Completed') return jsonResponse(status.output);
  return jsonResponse(statusBody(status, true), status.runtimeStatus === 'Failed' ? 500 : 200);
}

/** An answer in JSON. */
export function jsonResponse(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  const told = { 'content-type': 'application/json', ...headers };
  return new Response(JSON.stringify(body ?? null), { status, headers: told });
}
