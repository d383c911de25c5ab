import { FIRST_VERSION, type VersionedState } from '../core/state-migration.js';
import type { Constructor } from '../core/values.js';
import { DefinitionError } from '../errors.js';
import { checkConstructor, nameAs } from './class-kind.js';
import { inheritedHandlers, ownRecord } from './class-record.js';
import type { EntityDefinition, OperationDefinition, OperationOptions } from './definition.js';
import { handlerOf, isAsync, undecoratedMethods } from './handler-method.js';
import { inputShapeOf } from './input-type.js';

/** In milliseconds. */
const DEFAULT_TIMEOUT = 60_000;

/** What was recorded of an entity class. Throws DefinitionError when it cannot work as written. */
export function entityDefinition(type: Constructor): EntityDefinition {
  const name = nameAs('entity', type);
  checkConstructor(type);
  const recorded = inheritedHandlers(type, 'operations');
  const record = ownRecord(type.prototype as object);
  const dispatcher = record?.dispatcher;
  if (recorded.size === 0 && dispatcher === undefined)
    throw new DefinitionError(
      `${type.name} has no operation. Write @Operation() above each method that may be called.`,
    );
  const operations = new Map<string, OperationDefinition>();
  for (const [method, options] of recorded) operations.set(method, operationDefinition(type, method, options));
  return {
    name,
    type: type as EntityDefinition['type'],
    operations,
    dispatcher: dispatcher === undefined ? undefined : dispatcherDefinition(type, dispatcher),
    undecorated: undecoratedMethods(type, recorded),
    mailboxLimit: record?.mailboxLimit,
    keepHistory: record?.keepHistory,
    ...versionedState(type, record?.stateVersion),
  };
}

/** The version of its states, and how older ones are migrated. Throws DefinitionError when one is there without the other. */
function versionedState(type: Constructor, stateVersion: number | undefined): VersionedState {
  const { migrate } = type as { readonly migrate?: unknown };
  const isFunction = typeof migrate === 'function';
  if (stateVersion !== undefined && stateVersion > FIRST_VERSION && !isFunction)
    throw new DefinitionError(
      `${type.name} has stateVersion ${stateVersion}, and cannot read states of older versions. Write ` +
        'static migrate(old: unknown, fromVersion: number), which returns the state in its present shape.',
    );
  if (stateVersion === undefined && isFunction && Object.hasOwn(type, 'migrate'))
    throw new DefinitionError(
      `${type.name} has a static migrate, and no stateVersion. Write @Entity(name, { stateVersion: 2 }), or rename the method.`,
    );
  return {
    stateVersion: stateVersion ?? FIRST_VERSION,
    migrate: isFunction ? (old, fromVersion) => Reflect.apply(migrate, type, [old, fromVersion]) as unknown : undefined,
  };
}

function operationDefinition(type: Constructor, name: string, options: OperationOptions): OperationDefinition {
  const method = handlerOf(type, name);
  return {
    name,
    method,
    ...inputShapeOf({ type, methodName: name, method, decorator: '@Operation' }, options),
    isReadonly: options.readonly ?? false,
    isAsync: isAsync(type, name, method),
    timeoutInMilliseconds: options.timeoutInMilliseconds ?? DEFAULT_TIMEOUT,
  };
}

/** Whether what it gives is a promise shows in each operation. */
function dispatcherDefinition(type: Constructor, name: string): OperationDefinition {
  return { ...operationDefinition(type, name, { input: 'unknown', optional: true }), isAsync: true };
}

/** Throws DefinitionError unless an object of the class can be made and has its initial state. */
export function checkInitialState({ type }: EntityDefinition): void {
  if (construct(type).state === undefined)
    throw new DefinitionError(
      `${type.name} has no initial state. Write state = { ... } in the class: its initializer is the state of a new entity ` +
        `(null is one, undefined is not).`,
    );
}

function construct(type: EntityDefinition['type']): { state: unknown } {
  try {
    return new type();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DefinitionError(`${type.name} cannot be constructed: ${reason}`, { cause });
  }
}
