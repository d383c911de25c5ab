export * as app from './durable/app.js';
export * as trigger from './durable/trigger.js';
export * as input from './durable/input.js';
export { getClient } from './durable/get-client.js';
export { DurableClient } from './durable/durable-client.js';
export { DummyEntityContext, DummyOrchestrationContext } from './durable/dummy-contexts.js';
export { AggregatedError, DurableError } from './durable/durable-error.js';
export { DurableLock, LockingRulesViolationError, LockState } from './durable/locks.js';
export { DurableOrchestrationStatus, EntityStateResponse, PurgeHistoryResult } from './durable/client-shapes.js';
export { EntityId } from './durable/entity-id.js';
export { ManagedIdentityTokenSource } from './durable/http-calls.js';
export { OrchestrationRuntimeStatus } from './durable/runtime-status.js';
export { RetryOptions } from './durable/retry-options.js';
export { TaskFailedError } from './durable/task-failed-error.js';
export { DurableOrchestrationContext } from './durable/orchestration-context.js';
export type { OrchestrationContext, OrchestrationHandler } from './durable/orchestration-context.js';
export type { CallHttpOptions, TokenSource } from './durable/http-calls.js';
export type { DurableEntityContext, EntityContext, EntityHandler } from './durable/entity-context.js';
export type { ExceptionPropertiesProvider } from './durable/exception-properties.js';
export type { FailureDetails } from './durable/task-failed-error.js';
export type { Task, TimerTask } from './durable/tasks.js';
export type { ActivityTrigger, EntityTrigger, OrchestrationTrigger } from './durable/trigger.js';
export type { DurableClientInput } from './durable/input.js';
export type {
  ActivityHandler,
  ActivityOptions,
  EntityOptions,
  OrchestrationOptions,
  RegisteredActivity,
  RegisteredActivityTask,
  RegisteredOrchestration,
  RegisteredOrchestrationTask,
} from './durable/app.js';
export type {
  GetStatusOptions,
  HttpManagementPayload,
  OrchestrationFilter,
  StartNewOptions,
  TaskHubOptions,
  WaitForCompletionOptions,
} from './durable/client-shapes.js';
export type {
  DurableClientHandler,
  DurableClientOptions,
  HttpDurableClientHandler,
  HttpDurableClientOptions,
  ServiceDurableClientOptions,
  TimerDurableClientHandler,
  TimerDurableClientOptions,
} from './durable/client-functions.js';
