import type { Constructor } from '../core/values.js';
import { DefinitionError } from '../errors.js';
import { checkConstructor, nameAs } from './class-kind.js';
import { inheritedHandlers, inheritedRun, ownRecord } from './class-record.js';
import type { HandlerDefinition, OrchestratorDefinition, RunOptions } from './definition.js';
import { handlerOf, isAsync, methodOf, undecoratedMethods } from './handler-method.js';
import { inputShapeOf } from './input-type.js';

/** What was recorded of an orchestrator class. Throws DefinitionError when it cannot work as written. */
export function orchestratorDefinition(type: Constructor): OrchestratorDefinition {
  const name = nameAs('orchestrator', type);
  checkConstructor(type);
  const run = inheritedRun(type);
  if (!run) throw missingRun(type);
  const method = handlerOf(type, 'run');
  if (isAsync(type, 'run', method))
    throw new DefinitionError(`${type.name}.run gives a promise, but an orchestrator cannot await. Write *run(...).`);
  const [queries, updates] = [handlersOf(type, 'queries', '@Query'), handlersOf(type, 'updates', '@Update')];
  for (const both of queries.keys())
    if (updates.has(both))
      throw new DefinitionError(
        `${type.name}.${both} is a query and an update. Drop @Query() if it changes something.`,
      );
  const undecorated = undecoratedMethods(type, new Map<string, unknown>([...queries, ...updates, ['run', run]]));
  const shape = inputShapeOf({ type, methodName: 'run', method, decorator: '@Run' }, run);
  const {
    version,
    versionMatchStrategy,
    retention: retentionInMilliseconds,
  } = ownRecord(type.prototype as object) ?? {};
  const code = { type, method, queries, updates, undecorated };
  return { name, version, versionMatchStrategy, retentionInMilliseconds, ...code, ...shape };
}

function handlersOf(type: Constructor, kind: 'queries' | 'updates', decorator: '@Query' | '@Update') {
  const handlers = new Map<string, HandlerDefinition>();
  for (const [name, options] of inheritedHandlers(type, kind))
    handlers.set(name, handlerDefinition(type, name, decorator, options));
  return handlers;
}

function handlerDefinition(
  type: Constructor,
  name: string,
  decorator: '@Query' | '@Update',
  options: RunOptions,
): HandlerDefinition {
  const method = handlerOf(type, name);
  if (isAsync(type, name, method))
    throw new DefinitionError(
      `${type.name}.${name} gives a promise, but ${decorator}() is answered at once. Do the IO in an activity that run calls.`,
    );
  return { name, method, ...inputShapeOf({ type, methodName: name, method, decorator }, options) };
}

function missingRun(type: Constructor): DefinitionError {
  return new DefinitionError(
    methodOf(type.prototype as object, 'run')
      ? `${type.name}.run needs @Run() above it: without a decorator the compiler keeps no types of its parameters.`
      : `${type.name} has no method run. Write @Run() *run(input, ctx: OrchestrationContext) { ... }.`,
  );
}
