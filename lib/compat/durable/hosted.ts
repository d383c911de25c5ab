import { ActivityContext } from '../../core/activity-context.js';
import { EntityContext } from '../../core/entity-context.js';
import { OrchestrationContext as CoreContext } from '../../core/orchestration-context.js';
import type { VersionMatchStrategy } from '../../core/orchestrator-version.js';
import type { Orchestration } from '../../core/task.js';
import type { Constructor } from '../../core/values.js';
import { defineActivities, defineOrchestrator } from '../../definitions/define.js';
import { recordDispatcher, recordEntity } from '../../definitions/recording.js';
import type { Hosted } from '../../definitions/registry.js';
import type { InvocationContext } from '../functions/invocation-context.js';
import type { RegisteredFunction } from '../functions/registered-function.js';
import { entityName } from './entity-id.js';
import { EntityOperation, type EntityContext as FunctionEntityContext, type EntityHandler } from './entity-context.js';
import { withProperties } from './exception-properties.js';
import type { OrchestrationContext, OrchestrationHandler, OrchestrationSettings } from './orchestration-context.js';
import { runOrchestrator } from './orchestration-run.js';
import { plainValue } from './plain-value.js';

/** What the functions of an app run in. */
export interface FunctionSurroundings extends OrchestrationSettings {
  /** A context for an invocation; `isSilent`: whether what is logged was logged before. */
  contextOf(registered: RegisteredFunction, isSilent?: () => boolean): InvocationContext;
  /** Invokes a function, with the hooks around it. */
  invoke(registered: RegisteredFunction, context: InvocationContext, input: unknown): Promise<unknown>;
  /** The version of new instances, and which others are run. */
  readonly version?: string | undefined;
  readonly versionMatchStrategy?: VersionMatchStrategy | undefined;
  /** How long one run of an activity, or of an entity's operation, may take, in milliseconds. */
  readonly timeoutInMilliseconds?: number | undefined;
}

/** The durable functions of an app, as a worker hosts them: for each a class, as a decorated one would be. */
export function hostedFunctions(functions: Iterable<RegisteredFunction>, surroundings: FunctionSurroundings): Hosted {
  const entities: Constructor<{ state: unknown }>[] = [];
  const orchestrators: NonNullable<Hosted['orchestrators']>[number][] = [];
  const activities: object[] = [];
  for (const registered of functions) {
    const { type } = registered.options.trigger;
    if (type === 'orchestrationTrigger') orchestrators.push(orchestratorOf(registered, surroundings));
    if (type === 'entityTrigger') entities.push(entityOf(registered, surroundings));
    if (type === 'activityTrigger') activities.push(activityOf(registered, surroundings));
  }
  return { entities, orchestrators, activities };
}

function orchestratorOf(registered: RegisteredFunction, surroundings: FunctionSurroundings) {
  const handler = registered.handler as OrchestrationHandler;
  class FunctionOrchestrator {
    run(_input: unknown, core: CoreContext): Orchestration<unknown> {
      const context = surroundings.contextOf(registered, () => core.isReplaying) as OrchestrationContext;
      return runOrchestrator(handler, core, context, surroundings);
    }
  }
  const { version, versionMatchStrategy } = surroundings;
  const options = { input: 'unknown', optional: true, version, versionMatchStrategy } as const;
  defineOrchestrator(FunctionOrchestrator, { name: registered.name, ...options });
  return named(FunctionOrchestrator, registered);
}

function activityOf(registered: RegisteredFunction, surroundings: FunctionSurroundings): object {
  class FunctionActivity {
    async run(input: unknown, core: ActivityContext): Promise<unknown> {
      const context = surroundings.contextOf(registered);
      context.triggerMetadata = { instanceId: core.instanceId };
      try {
        return plainValue(await surroundings.invoke(registered, context, input));
      } catch (error) {
        throw withProperties(error);
      }
    }
  }
  const startToCloseTimeoutInMilliseconds = surroundings.timeoutInMilliseconds;
  const options = { name: registered.name, input: 'unknown', optional: true } as const;
  defineActivities(FunctionActivity, { run: { ...options, startToCloseTimeoutInMilliseconds } });
  return new (named(FunctionActivity, registered))();
}

function entityOf(registered: RegisteredFunction, surroundings: FunctionSurroundings) {
  const handler = registered.handler as EntityHandler<unknown>;
  class FunctionEntity {
    state: unknown = null;

    async carryOut(input: unknown, core: EntityContext): Promise<unknown> {
      const operation = new EntityOperation(core, this, input);
      const context = surroundings.contextOf(registered) as FunctionEntityContext<unknown>;
      context.df = operation as FunctionEntityContext<unknown>['df'];
      const done: unknown = handler(context); // it may be a promise, whatever it is declared as
      await done;
      return operation.end();
    }
  }
  recordEntity(FunctionEntity, entityName(registered.name));
  recordDispatcher(FunctionEntity.prototype, 'carryOut');
  return named(FunctionEntity, registered);
}

/** Errors of the registry tell of the class by its name. */
function named<C extends Constructor>(type: C, { name }: RegisteredFunction): C {
  return Object.defineProperty(type, 'name', { value: name });
}
