import { UnknownActivityError, UnknownOperationError } from '../errors.js';
import type { ActivitiesShape, ActivityShape, EntityShape, OperationShape } from './names.js';

/**
 * An object on which every method is there, each call handed on by name. It is no thenable, so returning it from an
 * async function does not call `then`; it has no symbols and no prototype.
 */
export function methodProxy(call: (method: string, input: unknown) => unknown): object {
  return new Proxy(Object.freeze(Object.create(null) as object), {
    get: (_, property) =>
      typeof property === 'symbol' || property === 'then' ? undefined : (input: unknown) => call(property, input),
  });
}

/** The operations of an entity. A call of anything else throws UnknownOperationError and reaches nobody. */
export function operationProxy(shape: EntityShape, call: (operation: string, input: unknown) => unknown): object {
  return methodProxy((method, input) => call(knownOperation(shape, method).name, input));
}

/** The operation that a method is. Throws UnknownOperationError. */
export function knownOperation(shape: EntityShape, method: string): OperationShape {
  const operation = shape.operations.get(method);
  if (operation === undefined) throw unknownOperation(shape, method);
  return operation;
}

/** The activities of a class. A call of anything else throws UnknownActivityError and schedules nothing. */
export function activityProxy(
  shape: ActivitiesShape,
  call: (activity: ActivityShape, input: unknown) => unknown,
): object {
  return methodProxy((method, input) => {
    const activity = shape.activities.get(method);
    if (activity === undefined) throw unknownActivity(shape, method);
    return call(activity, input);
  });
}

function unknownOperation(shape: EntityShape, method: string): UnknownOperationError {
  const hint = shape.undecorated.has(method) ? `. The method is there: add @Operation() above it.` : '';
  return new UnknownOperationError(shape.name, method, [...shape.operations.keys()], hint);
}

function unknownActivity(shape: ActivitiesShape, method: string): UnknownActivityError {
  const hint = shape.undecorated.has(method) ? `. The method is there: add @Activity() above it.` : '';
  return new UnknownActivityError(method, [...shape.activities.keys()], hint);
}
