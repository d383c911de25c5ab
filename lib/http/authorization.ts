import { RefusedRequestError } from '../errors.js';
import type { HttpAction } from './actions.js';
import type { UrlSigner } from '../client/url-signer.js';

/** What a request asks for. */
export interface HttpAccess {
  /** What it would do. */
  readonly action: HttpAction;
  /** Of which instance; undefined: of none, or of many. */
  readonly instanceId: string | undefined;
}

/** Who may ask. */
export interface AuthorizationSettings {
  readonly keys: readonly string[];
  readonly authorize: ((request: Request, access: HttpAccess) => boolean | Promise<boolean>) | undefined;
  readonly signer: UrlSigner | undefined;
}

const encoder = new TextEncoder();

/** Decides who may ask for what: by a key in a header, by the code of a signed URL, or as a function of the user's says. */
export class Authorization {
  readonly #hashes: Promise<readonly Uint8Array[]>;
  readonly #authorize: AuthorizationSettings['authorize'];
  readonly #signer: UrlSigner | undefined;
  /** False: whoever can reach the API may ask for everything. */
  readonly isRequired: boolean;

  constructor({ keys, authorize, signer }: AuthorizationSettings) {
    this.#hashes = Promise.all(keys.map(hashOf));
    this.#authorize = authorize;
    this.#signer = signer;
    this.isRequired = keys.length > 0 || authorize !== undefined;
  }

  /** Throws RefusedRequestError: 401 without credentials, 403 with others than are asked for. */
  async check(request: Request, code: string | undefined, access: HttpAccess): Promise<void> {
    if (!this.isRequired) return;
    const key = keyOf(request);
    if (key !== undefined && (await this.#isKnown(key))) return;
    const worth = code === undefined ? undefined : await this.#worthOf(code, access);
    if (worth === 'good') return;
    if ((await this.#authorize?.(request, access)) === true) return;
    if (worth === 'expired') throw new RefusedRequestError(403, 'This URL has expired: ask for a new one.');
    if (worth !== undefined)
      throw new RefusedRequestError(403, 'The code of this URL is not for that. Keys are taken in headers only.');
    if (key !== undefined) throw new RefusedRequestError(403, 'These credentials do not allow that.');
    throw new RefusedRequestError(401, 'Credentials are needed: x-functions-key, or a bearer token.', {
      'www-authenticate': 'Bearer',
    });
  }

  async #worthOf(code: string, { action, instanceId }: HttpAccess): Promise<'good' | 'expired' | 'wrong'> {
    if (instanceId === undefined || !this.#signer) return 'wrong';
    return this.#signer.verify(code, { action, instanceId });
  }

  /** All keys are looked at, however they compare. */
  async #isKnown(key: string): Promise<boolean> {
    const [hash, hashes] = await Promise.all([hashOf(key), this.#hashes]);
    return hashes.reduce((isKnown, known) => areEqual(known, hash) || isKnown, false);
  }
}

function keyOf(request: Request): string | undefined {
  const key = request.headers.get('x-functions-key');
  if (key !== null) return key;
  const authorization = request.headers.get('authorization');
  if (authorization === null) return undefined;
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
}

async function hashOf(key: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(key)));
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.reduce((difference, byte, at) => difference | (byte ^ b[at]!), 0) === 0;
}
