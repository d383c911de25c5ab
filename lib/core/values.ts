/**
 * Values as the engine keeps them: plain JSON, made by the value codec from what user code handed over. Nobody changes
 * one after it was made, and user code never sees one: it gets a fresh copy (C9).
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Where a value too large for a message is: an object of the task hub's object store. It stands in a field of its own
 * beside the one that would hold the value (`inputRef` for `input`), so no user's value can be taken for one.
 */
export type ValueReference = {
  /** The address of the instance that holds it, a slash, and an id that is used once. */
  readonly key: string;
  /** The length of its JSON text in bytes of UTF-8, as it is stored: behind a payload codec that of what it has become. */
  readonly bytes: number;
  /** What the object store calls its digest: `SHA-256=` and base64url. */
  readonly hash: string;
};

/** A class used as a type of input; `[Class]` means an array of it. */
export type InputType = Constructor | readonly [Constructor];

/** Any class. */
export type Constructor<T extends object = object> = new (...args: never[]) => T;

/** How values cross between user code and the engine. */
export interface ValueCodec {
  /**
   * The plain JSON form of a user's value, sharing nothing with it; `undefined` stays `undefined`.
   * Throws UnserializableError, TooDeepError or ForbiddenKeyError with the path from `$`.
   */
  encode(value: unknown): Json | undefined;
  /**
   * A fresh value for user code. With a type: an instance of it, validated; throws InvalidInputError for `target`.
   */
  decode(json: Json | undefined, type?: InputType, target?: string): unknown;
}
