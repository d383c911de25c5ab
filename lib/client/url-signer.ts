const encoder = new TextEncoder();
const algorithm = { name: 'HMAC', hash: 'SHA-256' } as const;
/** The last character of a signature says four bits: two of its six are always 0, so that no other text is taken for it. */
const form = /^([0-9a-z]{1,11})\.([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])$/;

/** What a signed URL is good for. */
export interface SignedAccess {
  readonly action: string;
  readonly instanceId: string;
}

/** Signs URLs, each for one action on one instance of one task hub until a time. */
export class UrlSigner {
  readonly #hub: string;
  readonly #lifetime: number;
  readonly #key: ReturnType<typeof crypto.subtle.importKey>;

  /** @param lifetime how long a URL is good, in milliseconds. */
  constructor(hub: string, key: string, lifetime: number) {
    this.#hub = hub;
    this.#lifetime = lifetime;
    this.#key = crypto.subtle.importKey('raw', encoder.encode(key), algorithm, false, ['sign', 'verify']);
  }

  /** The `code` of a URL. */
  async sign(access: SignedAccess): Promise<string> {
    const expires = Date.now() + this.#lifetime;
    const signature = await crypto.subtle.sign(algorithm, await this.#key, this.#signed(access, expires));
    return `${expires.toString(36)}.${base64url(new Uint8Array(signature))}`;
  }

  /** What a `code` is worth. WebCrypto compares in constant time. */
  async verify(code: string, access: SignedAccess): Promise<'good' | 'expired' | 'wrong'> {
    const [, time, signature] = form.exec(code) ?? [];
    if (time === undefined || signature === undefined) return 'wrong';
    const expires = Number.parseInt(time, 36);
    const key = await this.#key;
    const isOurs = await crypto.subtle.verify(algorithm, key, bytesOf(signature), this.#signed(access, expires));
    if (!isOurs) return 'wrong';
    return Date.now() < expires ? 'good' : 'expired';
  }

  #signed({ action, instanceId }: SignedAccess, expires: number): Uint8Array<ArrayBuffer> {
    return encoder.encode(JSON.stringify([1, this.#hub, action, instanceId, expires]));
  }
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
}
