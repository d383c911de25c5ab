import type { Constructor } from '../core/values.js';
import { DefinitionError } from '../errors.js';
import { checkConstructor, nameAs } from './class-kind.js';
import { inheritedRun, ownRecord } from './class-record.js';
import type { OrchestratorDefinition } from './definition.js';
import { handlerOf, isAsync, methodOf } from './handler-method.js';
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
  const retentionInMilliseconds = ownRecord(type.prototype as object)?.retention;
  return {
    name,
    type,
    method,
    retentionInMilliseconds,
    ...inputShapeOf({ type, methodName: 'run', method, decorator: '@Run' }, run),
  };
}

function missingRun(type: Constructor): DefinitionError {
  return new DefinitionError(
    methodOf(type.prototype as object, 'run')
      ? `${type.name}.run needs @Run() above it: without a decorator the compiler keeps no types of its parameters.`
      : `${type.name} has no method run. Write @Run() *run(input, ctx: OrchestrationContext) { ... }.`,
  );
}
