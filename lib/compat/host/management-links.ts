import { createHmac } from 'node:crypto';
import type { LinkedAction } from '../../client/linked-actions.js';
import { actionOf, checkLinkedId, urlOf } from '../../client/management-urls.js';
import { codeOf, signedText } from '../../client/url-signer.js';
import type { HttpManagementPayload } from '../durable/client-shapes.js';

type Links = Omit<HttpManagementPayload, 'id'>;

const DAY = 86_400_000;

/** The URLs of instances, made at once as programs of the original expect; signed when the API has a key. */
export class ManagementLinks {
  readonly #taskHub: string;
  readonly #basePath: string;
  readonly #key: string | undefined;

  constructor(taskHub: string, basePath: string, key: string | undefined) {
    this.#taskHub = taskHub;
    this.#basePath = basePath;
    this.#key = key;
  }

  /** Throws Error for an id that is none. */
  payload(origin: string, instanceId: string): HttpManagementPayload {
    if (!instanceId) throw new Error('instanceId must be a valid string.');
    const id = checkLinkedId(instanceId);
    const links = Object.entries(actionOf).map(([name, action]) => [name, this.#url(origin, id, action)] as const);
    return { id, ...(Object.fromEntries(links) as unknown as Links) };
  }

  #url(origin: string, id: string, action: LinkedAction): string {
    return urlOf(`${origin}${this.#basePath}`, this.#taskHub, id, action, this.#code(id, action));
  }

  /** As `UrlSigner` makes it, which cannot do so at once. */
  #code(instanceId: string, action: LinkedAction): string | undefined {
    if (this.#key === undefined) return undefined;
    const expires = Date.now() + DAY;
    const signed = signedText(this.#taskHub, { action, instanceId }, expires);
    return codeOf(expires, createHmac('sha256', this.#key).update(signed).digest('base64url'));
  }
}
