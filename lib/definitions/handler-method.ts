import 'reflect-metadata';
import type { Constructor } from '../core/values.js';
import { DefinitionError } from '../errors.js';
import { prototypesOf } from './class-record.js';
import type { Handler } from './definition.js';
import { checkMethodName, isPublicName } from './name-rule.js';

/**
 * Where a decorator stands and how the method below it is written. Throws DefinitionError when it is none that a message
 * could call: a static method, an accessor, a field, a symbol, a reserved name.
 */
export function decoratedMethod(
  decorator: string,
  target: object,
  name: string | symbol,
): { where: string; form: string } {
  const owner = typeof target === 'function' ? target : target.constructor;
  const where = `${decorator} on ${owner.name}.${String(name)}`;
  if (typeof target === 'function')
    throw new DefinitionError(`${where}: a static method has no object. Drop "static".`);
  if (typeof name !== 'string') throw new DefinitionError(`${where}: a symbol cannot travel. Give the method a name.`);
  const method = methodOf(target, name);
  if (!method) throw new DefinitionError(`${where}: this is no method. Write a method, not a field, getter or setter.`);
  checkMethodName(name, where);
  return { where, form: formOf(method) };
}

/** The method of this name that objects with this prototype have. */
export function methodOf(prototype: object, name: string): Handler | undefined {
  for (const at of prototypesOf(prototype)) {
    const descriptor = Object.getOwnPropertyDescriptor(at, name);
    if (descriptor) return typeof descriptor.value === 'function' ? (descriptor.value as Handler) : undefined;
  }
  return undefined;
}

/** The method of a recorded handler. Throws DefinitionError when a subclass put something else in its place. */
export function handlerOf(type: Constructor, name: string): Handler {
  const method = methodOf(type.prototype as object, name);
  if (method) return method;
  throw new DefinitionError(`${type.name}.${name} hides the method of its base class. Override it with a method.`);
}

/** The class's public methods that are not among the decorated ones. */
export function undecoratedMethods(type: Constructor, decorated: ReadonlyMap<string, unknown>): ReadonlySet<string> {
  const names = prototypesOf(type.prototype as object).flatMap((prototype) => Object.getOwnPropertyNames(prototype));
  return new Set(
    names.filter((name) => isPublicName(name) && !decorated.has(name) && methodOf(type.prototype as object, name)),
  );
}

/** Whether calling the method gives a promise, as far as its form or declared result tell. */
export function isAsync(type: Constructor, name: string, method: Handler): boolean {
  return (
    formOf(method).startsWith('Async') ||
    Reflect.getMetadata('design:returntype', type.prototype as object, name) === Promise
  );
}

/** How the function is written: `Function`, `AsyncFunction`, `GeneratorFunction` or `AsyncGeneratorFunction`. */
function formOf(method: object): string {
  return Object.prototype.toString.call(method).slice('[object '.length, -1);
}
