/**
 * The id of an entity: names are the same in capitals and not, keys are not.
 *
 * @example
 * ```ts
 * import { EntityId } from 'perdure/durable-functions';
 *
 * console.log(String(new EntityId('Counter', 'visits'))); // @counter@visits
 * ```
 */
export class EntityId {
  /** The name of the entity's function. */
  readonly name: string;
  /** Which of these entities. */
  readonly key: string;

  /** Throws Error for an empty name or key. */
  constructor(name: string, key: string) {
    checkText(name, 'name');
    checkText(key, 'key');
    this.name = name;
    this.key = key;
  }

  /** Such as `@counter@visits`. */
  toString(): string {
    return `@${entityName(this.name)}@${this.key}`;
  }
}

/** The name under which entities of a function are registered and stored. */
export function entityName(name: string): string {
  return name.toLowerCase();
}

function checkText(value: unknown, name: string): void {
  if (typeof value !== 'string')
    throw new TypeError(`${name}: Expected non-empty, non-whitespace string but got ${typeof value}`);
  if (value.trim() === '') throw new Error(`${name}: Expected non-empty, non-whitespace string but got empty string`);
}
