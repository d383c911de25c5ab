import { UnknownActivityError, UnknownOperationError, UnknownQueryError, UnknownUpdateError } from '../errors.js';
import type {
  ActivitiesShape,
  ActivityShape,
  EntityShape,
  HandlerShape,
  OperationShape,
  OrchestratorShape,
} from './names.js';

/**
 * An object on which every method is there, each call handed on by name. It is no thenable, so returning it from an
 * async function does not call `then`; it has no symbols and no prototype.
 */
export function methodProxy(call: (method: string, input: unknown) => unknown): object {
  return new Proxy(nothing, {
    get: (_, property) =>
      typeof property === 'symbol' || property === 'then' ? undefined : (input: unknown) => call(property, input),
  });
}

/** What all of them stand before: it has nothing and takes nothing. */
const nothing: object = Object.freeze(Object.create(null) as object);

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

/** The query that a method is. Throws UnknownQueryError. */
export function knownQuery({ name, queries, updates, undecorated }: OrchestratorShape, method: string): HandlerShape {
  const query = queries?.get(method);
  if (query) return query;
  const hint = updates?.has(method)
    ? '. It is an update: call update().'
    : undecoratedHint(undecorated, method, 'Query');
  throw new UnknownQueryError(name, method, [...(queries?.keys() ?? [])], hint);
}

/** The update that a method is. Throws UnknownUpdateError. */
export function knownUpdate({ name, queries, updates, undecorated }: OrchestratorShape, method: string): HandlerShape {
  const update = updates?.get(method);
  if (update) return update;
  const hint = queries?.has(method) ? '. It is a query: call query().' : undecoratedHint(undecorated, method, 'Update');
  throw new UnknownUpdateError(name, method, [...(updates?.keys() ?? [])], hint);
}

function undecoratedHint(undecorated: ReadonlySet<string> | undefined, method: string, decorator: string): string {
  return undecorated?.has(method) ? `. The method is there: add @${decorator}() above it.` : '';
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
  const hint = undecoratedHint(shape.undecorated, method, 'Operation');
  return new UnknownOperationError(shape.name, method, [...shape.operations.keys()], hint);
}

function unknownActivity(shape: ActivitiesShape, method: string): UnknownActivityError {
  const hint = undecoratedHint(shape.undecorated, method, 'Activity');
  return new UnknownActivityError(method, [...shape.activities.keys()], hint);
}
