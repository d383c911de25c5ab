import 'reflect-metadata';
import type { Constructor } from '../core/values.js';
import { DefinitionError } from '../errors.js';

/** Global, so that a second copy of this package in one process reads what the first one wrote. */
const key = Symbol.for('perdure:items');

/** Writes what `@Items(type)` says of an array field. Throws DefinitionError when the type is no class. */
export function recordItems(target: object, name: string, type: Constructor): void {
  if (typeof type !== 'function')
    throw new DefinitionError(
      `@Items on ${target.constructor.name}.${name} needs the class of the elements. If there is one, it is not loaded yet: ` +
        `move it above, or break the circular import.`,
    );
  Reflect.defineMetadata(key, type, target, name);
}

/** The class of an array field's elements, as the class or a base class says. */
export function itemsOf(prototype: object, name: string): Constructor | undefined {
  return Reflect.getMetadata(key, prototype, name) as Constructor | undefined;
}
