import { createHmac } from 'node:crypto';
import { linkedActions, type LinkedAction } from '../../client/linked-actions.js';
import { checkInstanceId } from '../../wire/checks.js';
import type { HttpManagementPayload } from '../durable/client-shapes.js';

type Links = Omit<HttpManagementPayload, 'id'>;

const actions: Readonly<Record<keyof Links, LinkedAction>> = {
  statusQueryGetUri: 'getStatus',
  sendEventPostUri: 'raiseEvent',
  terminatePostUri: 'terminate',
  rewindPostUri: 'rewind',
  purgeHistoryDeleteUri: 'purge',
  restartPostUri: 'restart',
  suspendPostUri: 'suspend',
  resumePostUri: 'resume',
};

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
    const id = checkInstanceId(instanceId);
    const links = Object.entries(actions).map(([name, action]) => [name, this.#url(origin, id, action)] as const);
    return { id, ...(Object.fromEntries(links) as unknown as Links) };
  }

  #url(origin: string, id: string, action: LinkedAction): string {
    const [path, query] = linkedActions[action].split('?');
    const parameters = [query, `taskHub=${this.#taskHub}`, 'connection=nats', this.#code(id, action)];
    return `${origin}${this.#basePath}/instances/${encodeURIComponent(id)}${path}?${parameters.filter(Boolean).join('&')}`;
  }

  /** As `UrlSigner` makes it, which cannot do so at once. */
  #code(instanceId: string, action: LinkedAction): string | undefined {
    if (this.#key === undefined) return undefined;
    const expires = Date.now() + DAY;
    const signed = JSON.stringify([1, this.#taskHub, action, instanceId, expires]);
    return `code=${expires.toString(36)}.${createHmac('sha256', this.#key).update(signed).digest('base64url')}`;
  }
}
