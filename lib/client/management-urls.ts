import { InvalidIdError } from '../errors.js';
import { checkInstanceId } from '../wire/checks.js';
import { linkedActions, type LinkedAction } from './linked-actions.js';
import type { UrlSigner } from './url-signer.js';

/** URLs by which an instance is looked at and managed; `{eventName}` and `{text}` are to be filled in. */
export interface HttpManagementPayload {
  /** The instance's id. */
  readonly id: string;
  /** GET: how it stands. */
  readonly statusQueryGetUri: string;
  /** POST: raises an event, its data in the body. */
  readonly sendEventPostUri: string;
  /** POST: ends it at once. */
  readonly terminatePostUri: string;
  /** POST: lets it go on after a failure. The answer to a start does not have it. */
  readonly rewindPostUri?: string;
  /** DELETE: removes all that is stored of it once it has ended. */
  readonly purgeHistoryDeleteUri: string;
  /** POST: starts its orchestrator again with its input. */
  readonly restartPostUri: string;
  /** POST: suspends it. */
  readonly suspendPostUri: string;
  /** POST: lets it go on. */
  readonly resumePostUri: string;
}

type Links = Omit<Required<HttpManagementPayload>, 'id'>;

/** What each of the URLs is for. */
export const actionOf: Readonly<Record<keyof Links, LinkedAction>> = {
  statusQueryGetUri: 'getStatus',
  sendEventPostUri: 'raiseEvent',
  terminatePostUri: 'terminate',
  rewindPostUri: 'rewind',
  purgeHistoryDeleteUri: 'purge',
  restartPostUri: 'restart',
  suspendPostUri: 'suspend',
  resumePostUri: 'resume',
};

/**
 * The id itself when it can stand in a URL: `.` and `..` are steps of its path, however they are written, so that what is sent to one
 * would reach another route. Throws InvalidIdError.
 */
export function checkLinkedId(instanceId: unknown): string {
  const id = checkInstanceId(instanceId);
  if (id !== '.' && id !== '..') return id;
  throw new InvalidIdError(`Invalid instance id: ${id} cannot stand in a URL, where it is a step of the path`);
}

/** Makes the URLs of instances. */
export class ManagementUrls {
  readonly #basePath: string;
  readonly #taskHub: string;
  readonly #signer: UrlSigner | undefined;

  constructor(basePath: string, taskHub: string, signer: UrlSigner | undefined) {
    this.#basePath = basePath;
    this.#taskHub = taskHub;
    this.#signer = signer;
  }

  /** All URLs of an instance, below an origin. Throws InvalidIdError. */
  async payload(origin: string, id: string): Promise<Required<HttpManagementPayload>> {
    const entries = Object.entries(actionOf).map(
      async ([name, action]) => [name, await this.url(origin, id, action)] as const,
    );
    return { id, ...(Object.fromEntries(await Promise.all(entries)) as unknown as Links) };
  }

  /** The URL of one action. Throws InvalidIdError. */
  async url(origin: string, instanceId: string, action: LinkedAction): Promise<string> {
    const id = checkLinkedId(instanceId);
    const code = await this.#signer?.sign({ action, instanceId: id });
    return urlOf(`${origin}${this.#basePath}`, this.#taskHub, id, action, code);
  }
}

/** The URL of one action below the base of an API; `code`: its signature. */
export function urlOf(base: string, taskHub: string, id: string, action: LinkedAction, code?: string): string {
  const [path, query] = linkedActions[action].split('?');
  const parameters = [query, `taskHub=${taskHub}`, 'connection=nats', code && `code=${code}`];
  return `${base}/instances/${encodeURIComponent(id)}${path}?${parameters.filter(Boolean).join('&')}`;
}
