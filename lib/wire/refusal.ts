import { ForbiddenKeyError, TooDeepError, UnserializableError } from '../errors.js';
import type { PerdureError } from '../errors.js';

/** The deepest nesting of arrays and objects that is stored. A scalar has depth 0, `[]` has depth 1. */
export const maxDepth = 256;

type Cause =
  | { readonly kind: 'unserializable'; readonly reason: string }
  | { readonly kind: 'forbiddenKey'; readonly key: string }
  | { readonly kind: 'tooDeep' };

/**
 * A value that is refused, on the way from where it was found to the root. Each level that it leaves adds its key, so
 * that paths cost nothing until something is wrong.
 */
export class Refusal extends Error {
  readonly #cause: Cause;
  /** Innermost first. */
  readonly #keys: (string | number)[] = [];
  readonly #holders: object[] = [];

  constructor(cause: Cause) {
    super(cause.kind);
    this.#cause = cause;
  }

  static unserializable(reason: string): Refusal {
    return new Refusal({ kind: 'unserializable', reason });
  }

  static forbiddenKey(key: string): Refusal {
    return new Refusal({ kind: 'forbiddenKey', key });
  }

  static tooDeep(): Refusal {
    return new Refusal({ kind: 'tooDeep' });
  }

  /** The refusal itself, or what user code threw while it was read. */
  static of(thrown: unknown): Refusal {
    // By private brand: `instanceof` runs traps when a proxy was thrown.
    const isRefusal = typeof thrown === 'object' && thrown !== null && #cause in thrown;
    return isRefusal ? thrown : Refusal.unserializable(`getter threw: ${textOf(thrown)}`);
  }

  /** Tells that the refused value is under this key of this array or object. */
  under(key: string | number, holder: object): this {
    this.#keys.push(key);
    this.#holders.push(holder);
    return this;
  }

  /** The error for the user, with the path from the root. */
  toError(): PerdureError {
    const keys = this.#keys.toReversed();
    const cause = this.#cause;
    switch (cause.kind) {
      case 'unserializable':
        return new UnserializableError(pathText(keys), cause.reason);
      case 'forbiddenKey':
        return new ForbiddenKeyError(pathText(keys), cause.key);
      case 'tooDeep':
        return this.#cycle(keys) ?? new TooDeepError(pathText(keys), maxDepth + 1, maxDepth);
    }
  }

  /** A cycle always ends too deep, so only then are the holders searched for one that holds itself. */
  #cycle(keys: readonly (string | number)[]): UnserializableError | undefined {
    const seen = new Map<object, number>();
    for (const [depth, holder] of this.#holders.toReversed().entries()) {
      const before = seen.get(holder);
      if (before === undefined) {
        seen.set(holder, depth);
        continue;
      }
      const [from, to] = [pathText(keys.slice(0, depth)), pathText(keys.slice(0, before))];
      return new UnserializableError(from, `cycle ${from} -> ${to}`);
    }
    return undefined;
  }
}

/** The text of whatever was thrown; it may be a hostile object. */
export function textOf(thrown: unknown): string {
  try {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return (text.length <= 200 ? text : `${text.slice(0, 199)}…`).toWellFormed();
  } catch {
    return 'something that has no text';
  }
}

/** A path from `$`. The middle of a very long one is left out. */
function pathText(keys: readonly (string | number)[]): string {
  const segments = keys.map(segmentText);
  if (segments.length <= 20) return `$${segments.join('')}`;
  return `$${segments.slice(0, 10).join('')}…${segments.slice(-10).join('')}`;
}

function segmentText(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`;
  if (/^[A-Za-z_$][A-Za-z0-9_$]{0,63}$/.test(key)) return `.${key}`;
  return `[${JSON.stringify(key.length <= 64 ? key : `${key.slice(0, 63)}…`)}]`;
}
