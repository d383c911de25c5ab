import type { ActivityContext } from '../core/activity-context.js';
import type { ActivityTimeouts } from '../core/activity-timeouts.js';
import { ANY_OPERATION, type InputShape } from '../core/names.js';
import type {
  EntityProgram,
  OperationProgram,
  OrchestratorProgram,
  QueryProgram,
  UpdateProgram,
} from '../core/programs.js';
import type { RetryOptions } from '../core/retry-options.js';
import type { InputType, Json, ValueCodec } from '../core/values.js';
import type {
  ActivityDefinition,
  ActivityLimits,
  EntityDefinition,
  HandlerDefinition,
  OperationDefinition,
  OrchestratorDefinition,
} from './definition.js';

/** An activity with the object that runs it. */
export interface BoundActivity extends ActivityLimits, ActivityTimeouts {
  /** The name under which it is scheduled. */
  readonly name: string;
  readonly queue: string | undefined;
  readonly retry: RetryOptions | undefined;
  /** Calls the method on the user's object; the input decoded and validated (throws InvalidInputError). */
  invoke(input: Json | undefined, context: ActivityContext): unknown;
}

/** The entity as the core runs it, its values crossing through the codec. */
export function entityProgram(definition: EntityDefinition, values: ValueCodec): EntityProgram {
  const operations = new Map<string, OperationProgram>();
  for (const operation of definition.operations.values())
    operations.set(operation.name, operationProgram(definition.name, operation, values));
  const { dispatcher } = definition;
  const dispatched = dispatcher && operationProgram(definition.name, dispatcher, values);
  return {
    name: definition.name,
    create: () => new definition.type(),
    operation: (name) => operations.get(name) ?? (isOwn(name) ? undefined : dispatched && { ...dispatched, name }),
    operationNames: [...operations.keys(), ...(dispatched ? [ANY_OPERATION] : [])],
    mailboxLimit: definition.mailboxLimit,
    keepHistory: definition.keepHistory,
    stateVersion: definition.stateVersion,
    migrate: definition.migrate,
  };
}

/** Whether it is what Perdure itself asks of an entity. */
function isOwn(operation: string): boolean {
  return operation.startsWith('#');
}

function operationProgram(entity: string, operation: OperationDefinition, values: ValueCodec): OperationProgram {
  const decode = decoder(values, operation, `${entity}.${operation.name}`);
  return {
    name: operation.name,
    isReadonly: operation.isReadonly,
    isAsync: operation.isAsync,
    timeoutInMilliseconds: operation.timeoutInMilliseconds,
    invoke: (target, input, context) => operation.method.call(target, decode(input), context),
  };
}

/** The orchestrator as the core runs it, its input crossing through the codec. */
export function orchestratorProgram(definition: OrchestratorDefinition, values: ValueCodec): OrchestratorProgram {
  const decode = decoder(values, definition, definition.name);
  const { name, queries, updates } = definition;
  return {
    name,
    version: definition.version,
    versionMatchStrategy: definition.versionMatchStrategy,
    retentionInMilliseconds: definition.retentionInMilliseconds,
    accept: (input) => (hasFields(definition.input) ? accepted(values, decode, input) : input),
    create: () => new definition.type(),
    run: (target, input, context) => definition.method.call(target, decode(input), context),
    queries: new Map(Array.from(queries, ([query, how]) => [query, queryProgram(name, how, values)])),
    updates: new Map(Array.from(updates, ([update, how]) => [update, updateProgram(name, how, values)])),
  };
}

function queryProgram(orchestrator: string, query: HandlerDefinition, values: ValueCodec): QueryProgram {
  const decode = decoder(values, query, `${orchestrator}.${query.name}`);
  return { invoke: (target, input) => query.method.call(target, decode(input)) };
}

function updateProgram(orchestrator: string, update: HandlerDefinition, values: ValueCodec): UpdateProgram {
  const decode = decoder(values, update, `${orchestrator}.${update.name}`);
  return {
    accept: (input) => {
      const decoded = decode(input);
      return hasFields(update.input) ? values.encode(decoded) : input;
    },
    invoke: (target, input, context) => update.method.call(target, decode(input), context),
  };
}

/** The activity of the given object, its input crossing through the codec. */
export function boundActivity(definition: ActivityDefinition, object: object, values: ValueCodec): BoundActivity {
  const { name, queue, retry, concurrency, hubConcurrency, method } = definition;
  const { startToCloseTimeoutInMilliseconds } = definition;
  const decode = decoder(values, definition, name);
  const limits = { concurrency, hubConcurrency, startToCloseTimeoutInMilliseconds };
  return { name, queue, retry, ...limits, invoke: (input, context) => method.call(object, decode(input), context) };
}

/** A handler without input gets `undefined`, whatever was sent: older senders may still send what it once took. */
function decoder(
  values: ValueCodec,
  { input: type, isInputOptional }: InputShape,
  target: string,
): (input: Json | undefined) => unknown {
  if (!type) return () => undefined;
  return (input) => (input === undefined && isInputOptional ? undefined : values.decode(input, type, target));
}

/** Whether values of the type are made by a class of the user's, whose fields may have initializers. */
function hasFields(type: InputType | undefined): boolean {
  const element: unknown = Array.isArray(type) ? type[0] : type;
  return element !== undefined && !plain.has(element);
}

const plain: ReadonlySet<unknown> = new Set([Object, String, Number, Boolean, Date]);

function accepted(values: ValueCodec, decode: (input: Json | undefined) => unknown, input: Json | undefined) {
  try {
    return values.encode(decode(input));
  } catch {
    return input; // to be refused where it is used, with all that is wrong
  }
}
