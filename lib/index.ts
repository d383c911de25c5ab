export * from './errors.js';
export { EntityContext } from './core/entity-context.js';
export {
  OrchestrationContext,
  type ActivityOptions,
  type SubOrchestrationOptions,
} from './core/orchestration-context.js';
export type { RetryOptions } from './core/names.js';
export type { ActivityCalls, OperationCalls, OrchestratorOutput, StartArguments } from './core/proxies.js';
export { Task, type Orchestration, type TaskResult, type TimerTask } from './core/task.js';
export type { EntityId } from './core/history.js';
export { connectTaskHub, TaskHub, type TaskHubOptions } from './nats/task-hub.js';
export type { LogFields, Logger } from './engine/ports.js';
