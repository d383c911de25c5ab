import type { Constructor } from '../core/values.js';
import { DefinitionError } from '../errors.js';
import { ownRecord, recordOf } from './class-record.js';
import type {
  ActivityOptions,
  EntityOptions,
  OperationOptions,
  OrchestratorOptions,
  QueryOptions,
  RunOptions,
  UpdateOptions,
} from './definition.js';
import { decoratedMethod } from './handler-method.js';
import { checkName } from './name-rule.js';
import { checkedEntityOptions, checkOptions, retentionOf } from './options-rule.js';

/** Writes what `@Entity(name)` says. Throws DefinitionError or InvalidNameError on misuse. */
export function recordEntity(type: Constructor, name: string, options: EntityOptions = {}): void {
  checkClass('@Entity', type, name);
  checkName('entity', name);
  const { mailboxLimit, stateVersion, keepHistory } = checkedEntityOptions(options, `@Entity('${name}')`);
  const record = recordOf(type.prototype as object);
  record.entity = name;
  record.mailboxLimit = mailboxLimit;
  record.stateVersion = stateVersion;
  record.keepHistory = keepHistory;
}

/** Writes what `@Orchestrator(name, options)` says. Throws DefinitionError or InvalidNameError on misuse. */
export function recordOrchestrator(type: Constructor, name: string, options: OrchestratorOptions = {}): void {
  checkClass('@Orchestrator', type, name);
  checkName('orchestrator', name);
  const where = `@Orchestrator('${name}')`;
  checkOptions('@Orchestrator', options, where);
  const retention = retentionOf(options, where);
  const record = recordOf(type.prototype as object);
  record.orchestrator = name;
  record.version = options.version;
  record.versionMatchStrategy = options.versionMatchStrategy;
  if (retention !== undefined) record.retention = retention;
}

/** Writes what `@Operation(options)` says. Throws DefinitionError on misuse. */
export function recordOperation(target: object, name: string | symbol, options: OperationOptions): void {
  const where = handlerSite('@Operation', target, name);
  checkOptions('@Operation', options, where);
  checkName('operation', name);
  addOnce(recordOf(target).operations, name, options, where);
}

/**
 * Writes that the entity is a function of its operations' names: one method takes all that are not declared. It may be
 * asynchronous, and gets any value.
 */
export function recordDispatcher(target: object, name: string): void {
  decoratedMethod('dispatcher', target, name);
  recordOf(target).dispatcher = name;
}

/** Writes what `@Activity(options)` says. Throws DefinitionError or InvalidNameError on misuse. */
export function recordActivity(target: object, name: string | symbol, options: ActivityOptions): void {
  const where = handlerSite('@Activity', target, name);
  checkOptions('@Activity', options, where);
  checkName('activity', options.name ?? name);
  addOnce(recordOf(target).activities, String(name), options, where);
}

/** Writes what `@Query(options)` says. Throws DefinitionError or InvalidNameError on misuse. */
export function recordQuery(target: object, name: string | symbol, options: QueryOptions): void {
  const where = handlerSite('@Query', target, name);
  checkIsNotRun(name, where);
  checkOptions('@Query', options, where);
  checkName('query', name);
  addOnce(recordOf(target).queries, name, options, where);
}

/** Writes what `@Update(options)` says. Throws DefinitionError or InvalidNameError on misuse. */
export function recordUpdate(target: object, name: string | symbol, options: UpdateOptions): void {
  const where = handlerSite('@Update', target, name);
  checkIsNotRun(name, where);
  checkOptions('@Update', options, where);
  checkName('update', name);
  addOnce(recordOf(target).updates, name, options, where);
}

function checkIsNotRun(name: string | symbol, where: string): void {
  if (name === 'run') throw new DefinitionError(`${where}: "run" is the orchestration itself. Rename the method.`);
}

/** Writes what `@Run(options)` says. Throws DefinitionError on misuse. */
export function recordRun(target: object, name: string | symbol, options: RunOptions): void {
  const { where, form } = decoratedMethod('@Run', target, name);
  if (name !== 'run') throw new DefinitionError(`${where}: an orchestrator's method is named "run". Rename it.`);
  if (form.startsWith('Async'))
    throw new DefinitionError(`${where}: an orchestrator cannot await. Write *run(...), and yield* for each task.`);
  checkOptions('@Run', options, where);
  recordOf(target).run = options;
}

function checkClass(decorator: string, type: Constructor, name: unknown): void {
  if (typeof name !== 'string')
    throw new DefinitionError(`${decorator} needs a name. Write ${decorator}('name') above the class.`);
  if (typeof type !== 'function') throw new DefinitionError(`${decorator}('${name}') belongs above a class.`);
  const record = ownRecord(type.prototype as object);
  const already = record?.entity ?? record?.orchestrator;
  if (already !== undefined)
    throw new DefinitionError(
      `${type.name} is named twice, "${already}" and "${name}". A class is one entity or one orchestrator: remove one.`,
    );
}

function handlerSite(decorator: string, target: object, name: string | symbol): string {
  const { where, form } = decoratedMethod(decorator, target, name);
  if (form.endsWith('GeneratorFunction') && !(decorator === '@Update' && !form.startsWith('Async')))
    throw new DefinitionError(
      `${where}: only an orchestrator's run and its updates are generators. Drop the "*"; await what you need.`,
    );
  return where;
}

function addOnce<T>(handlers: Map<string, T>, name: string, options: T, where: string): void {
  if (handlers.has(name)) throw new DefinitionError(`${where}: the decorator stands there twice. Remove one.`);
  handlers.set(name, options);
}
