import { namePatterns } from '../core/name-patterns.js';
import { DefinitionError, InvalidNameError } from '../errors.js';

/** What is named, with the form its names have. */
const method = /^[A-Za-z$][A-Za-z0-9_$-]{0,127}$/;
const forms = { ...namePatterns, operation: method, query: method, update: method };

/** Throws InvalidNameError unless names of this kind have this form. */
export function checkName(kind: keyof typeof forms, name: unknown): asserts name is string {
  const form = forms[kind];
  if (typeof name === 'string' && form.test(name)) return;
  const shown = typeof name === 'string' ? JSON.stringify(name.slice(0, 80)) : typeof name;
  throw new InvalidNameError(`The ${kind} name ${shown} is not acceptable: it must match ${form.source}.`);
}

/** Names that mean something to the language: a proxy that answered to them would break `await`, text or equality. */
const reserved = new Set(['then', ...Object.getOwnPropertyNames(Object.prototype)]);

/** Throws DefinitionError when a method of this name could never be called by a message. */
export function checkMethodName(name: string, where: string): void {
  if (name.startsWith('_'))
    throw new DefinitionError(`${where}: methods that begin with "_" are private and cannot be called. Rename it.`);
  if (reserved.has(name)) throw new DefinitionError(`${where}: the name "${name}" is reserved. Rename the method.`);
}

/** Whether a method of this name could be called by a message, were it decorated. */
export function isPublicName(name: string): boolean {
  return !name.startsWith('_') && !reserved.has(name);
}

/** Whether a name is one of those that Perdure keeps for what comes with it. */
export function isReservedName(name: string): boolean {
  return /^perdure[.-]/i.test(name);
}
