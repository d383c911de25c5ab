import { UnknownOperationError } from '../errors.js';
import type { CoreDependencies, IdChecks } from './dependencies.js';
import type { EntityId } from './history.js';
import { operationProxy } from './method-proxy.js';
import type { Constructor } from './values.js';

/** Sends an operation to an entity; what its caller gets of that. */
type Send = (entity: EntityId, operation: string, input: unknown) => unknown;

/**
 * What sends the operations of an entity: of a class its methods, of a name a function of the operation's name and input.
 * Throws InvalidIdError, InvalidNameError, DefinitionError, and, when an operation is sent, UnknownOperationError.
 */
export function operationsOf(
  { names, ids }: Pick<CoreDependencies, 'names' | 'ids'>,
  target: Constructor | string,
  key: string,
  send: Send,
): object | ((operation: unknown, input?: unknown) => unknown) {
  ids.checkEntityKey(key);
  if (typeof target === 'string') {
    const entity = { name: ids.checkName(target, 'entity'), key };
    return (operation: unknown, input?: unknown) => send(entity, operationName(ids, target, operation), input);
  }
  const shape = names.entity(target);
  return operationProxy(shape, (method, input) => send({ name: shape.name, key }, method, input));
}

/** As `operationsOf`; for an entity by its name the first operation is sent at once. */
export function toEntity(
  dependencies: Pick<CoreDependencies, 'names' | 'ids'>,
  target: Constructor | string,
  key: string,
  [operation, input]: readonly unknown[],
  send: Send,
): unknown {
  const operations = operationsOf(dependencies, target, key, send);
  return typeof operations === 'function' ? operations(operation, input) : operations;
}

/** The name itself, when a class can have such an operation. Throws InvalidNameError and UnknownOperationError. */
export function operationName(ids: Pick<IdChecks, 'checkName'>, entity: string, operation: unknown): string {
  const name = ids.checkName(operation, 'operation');
  if (!name.startsWith('#')) return name; // what Perdure itself asks of an entity does
  throw new UnknownOperationError(entity, name, [], '. Names that begin with # are never operations');
}
