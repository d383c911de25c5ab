import type { Constructor } from '../core/values.js';
import { DefinitionError } from '../errors.js';
import { inheritedHandlers, inheritedRun, ownRecord } from './class-record.js';

const decorators = { entity: '@Entity', orchestrator: '@Orchestrator' } as const;
const definer = { entity: 'defineEntity', orchestrator: 'defineOrchestrator' } as const;
const handlerOf = { entity: '@Operation', orchestrator: '@Run', activities: '@Activity' } as const;
/** The decorators of methods that work in one kind of class only. */
const methodDecorators = [
  ['entity', 'operations', '@Operation'],
  ['orchestrator', 'queries', '@Query'],
  ['orchestrator', 'updates', '@Update'],
  ['activities', 'activities', '@Activity'],
] as const;

/**
 * The class's registered name. Throws DefinitionError unless the class itself (a base class does not count: two classes
 * under one name would share stored data) was named as an entity or orchestrator, as asked for.
 */
export function nameAs(kind: 'entity' | 'orchestrator', type: Constructor): string {
  checkIsClass(decorators[kind], type);
  const record = ownRecord(type.prototype as object);
  const name = record?.[kind];
  if (name === undefined) {
    const other = kind === 'entity' ? 'orchestrator' : 'entity';
    const hint = record?.[other]
      ? `It is an ${decorators[other]}: use it as one.`
      : `Write ${decorators[kind]}('name') above the class, also when a base class has it, or use ${definer[kind]}().`;
    throw new DefinitionError(`${type.name} is not an ${decorators[kind]}. ${hint}`);
  }
  refuseForeignHandlers(kind, type);
  return name;
}

/** Throws DefinitionError when a method of the class has a decorator that only works in another kind of class. */
export function refuseForeignHandlers(kind: keyof typeof handlerOf, type: Constructor): void {
  const refuse = (method: string, decorator: string): never => {
    throw new DefinitionError(
      `${type.name}.${method} has ${decorator}(), but the class is used for ${handlerOf[kind]}(). Move the method to a class of its own.`,
    );
  };
  if (kind !== 'orchestrator' && inheritedRun(type)) refuse('run', '@Run');
  for (const [of, handlers, decorator] of methodDecorators) {
    const [method] = inheritedHandlers(type, handlers).keys();
    if (of !== kind && method !== undefined) refuse(method, decorator);
  }
}

/** Throws DefinitionError when something other than a class was given, such as an object of it. */
export function checkIsClass(wanted: string, type: unknown): asserts type is Constructor {
  if (typeof type === 'function' && typeof type.prototype === 'object') return;
  const shown = typeof type === 'object' && type !== null ? `an object of ${type.constructor.name}` : String(type);
  throw new DefinitionError(
    `Expected a class with ${wanted}, got ${shown}. Give the class itself; if it is one, it is not loaded yet: break the circular import.`,
  );
}

/** Throws DefinitionError when a class was given where an object of it is needed. */
export function checkIsObject(object: unknown): asserts object is object {
  if (typeof object === 'object' && object !== null) return;
  const name = typeof object === 'function' ? object.name : undefined;
  throw new DefinitionError(
    `Activities are registered as objects, got ${name ? `the class ${name}` : String(object)}. Write new ${name ?? 'Greetings'}().`,
  );
}

/** Throws DefinitionError when one class or object was given where a list is needed. */
export function checkIsList(option: string, given: unknown): asserts given is readonly unknown[] {
  if (!Array.isArray(given))
    throw new DefinitionError(
      `A worker's ${option} are an array, also when there is only one. Write ${option}: [...].`,
    );
}

/** Throws DefinitionError when the class cannot be constructed without arguments, as each activation is. */
export function checkConstructor(type: Constructor): void {
  if (type.length > 0)
    throw new DefinitionError(
      `The constructor of ${type.name} has parameters, but the worker makes these objects itself, with none. ` +
        `Only activities may have constructor arguments: move what needs them there.`,
    );
}
