export * from './errors.js';
export { ActivityContext } from './core/activity-context.js';
export { EntityContext } from './core/entity-context.js';
export { OrchestrationContext } from './core/orchestration-context.js';
export { OrchestrationEntities } from './core/orchestration-entities.js';
export type {
  ActivityOptions,
  ContinueAsNewOptions,
  EntityCallOptions,
  EntitySignalOptions,
  EventDefault,
  EventTimeout,
  NewOrchestrationOptions,
  SubOrchestrationOptions,
  WaitUntilOptions,
} from './core/call-options.js';
export type { EntityReference, Lock, LockOptions, LockState, LockTask } from './core/lock.js';
export type { NamedParticipant, Participants, TransactionBody, TransactionOptions } from './core/transaction.js';
export type { LabelOptions } from './core/labels.js';
export { OrchestrationLog, type OrchestrationLogFields } from './core/replay-safe-log.js';
export type { RetryAttempt, RetryDecision, RetryOptions, RetryResultTest, RetryTest } from './core/retry-options.js';
export type {
  CallHttpOptions,
  DurableHttpResponse,
  HttpRetryOptions,
  TokenSourceReference,
} from './core/http-messages.js';
export { Saga, type Compensation } from './core/saga.js';
export type {
  ActivityCalls,
  EntitySignal,
  HandlerCalls,
  OperationCalls,
  OrchestratorOutput,
  StartArguments,
} from './core/proxies.js';
export { Task, type Orchestration, type TaskResult, type TimerTask } from './core/task.js';
export type { EntityId } from './core/history.js';
export type { LogFields, Logger } from './engine/ports.js';
export { TaskHubClient, type TaskHubClientOptions } from './client/task-hub-client.js';
export type { PartitionStatus, ReleaseOptions } from './client/administration.js';
export type { LockedEntity } from './wire/locks.js';
export type { LoopWait, PartitionInspection, QuarantinedInstance } from './wire/inspection.js';
export { ScheduleHandle, type BackfillOptions, type TriggerOptions } from './client/schedule-handle.js';
export type { ScheduleDescription, ScheduledRun } from './client/schedule-description.js';
export type { ScheduleCalendar, ScheduledStart, ScheduleOptions, ScheduleSettings } from './client/schedule-options.js';
export { Schedules } from './client/schedules.js';
export type { OverlapPolicy, ScheduleCounts, ScheduleTimes } from './schedules/schedule-state.js';
export type {
  HandleOf,
  HandleOptions,
  OrchestrationHandle,
  ScopeOptions,
  TerminateOptions,
} from './client/orchestration-handle.js';
export type { RestartOptions, StatusOptions } from './client/orchestrations.js';
export type { StatusWatchOptions } from './client/instance-watch.js';
export type { OtlpTrace } from './client/traces.js';
export type { OtlpAttribute, OtlpSpan } from './client/spans.js';
export type { PurgeOptions, PurgeProgress } from './client/instance-commands.js';
export type { PurgeFilter } from './client/purge-filter.js';
export type { EndedInstance, FormerEntity } from './client/restoring.js';
export type { InstanceControls } from './client/instance-controls.js';
export type { InstanceLists } from './client/instance-lists.js';
export type { InstanceFilter } from './client/instance-filter.js';
export type { InstanceCounts, InstanceIdPage, InstancePage, ListOptions } from './client/instance-search.js';
export type { PageOptions } from './client/view-lists.js';
export type { EntityOptions, OrchestratorOptions } from './definitions/definition.js';
export type { OrchestrationStatus } from './client/orchestration-status.js';
export type { EntityFilter } from './client/entity-filter.js';
export { EntityQueries } from './client/entity-queries.js';
export type { EntityListOptions, EntityPage, ListedEntity } from './client/entity-queries.js';
export type { EntityStatus, OwnedEntityStatus } from './client/entity-status.js';
export type { EntityChange } from './client/past-states.js';
export type { WatchOptions } from './client/entity-watch.js';
export type { EntityAccess, SignalOptions } from './client/entity-access.js';
export type { EntityStateResponse, ReadOptions } from './client/entities.js';
export type { HttpUrlOptions, HttpWaitOptions } from './client/http-responses.js';
export type { HttpManagementPayload } from './client/management-urls.js';
export type { CleanEntityStorageOptions, CleanEntityStorageResult } from './client/entity-cleaning.js';
export type { LockedBy } from './client/locked-by.js';
export type { HubOperations } from './client/hub-operations.js';
export type { EntityStartOptions, Reminder, ReminderOptions } from './core/entity-options.js';
export type { NamesWithoutWorker, NameWithoutWorker } from './client/names-without-worker.js';
export type { StartOptions } from './client/started-run.js';
export type { CallOptions, WaitOptions } from './client/waits.js';
export type { ReadSource } from './client/instance-reads.js';
export type { HistoryEvent } from './core/history.js';
export type { RuntimeStatus } from './wire/head.js';
export { defineActivities, defineEntity, defineOrchestrator } from './definitions/define.js';
export { connectTaskHub, type BrowserTaskHubOptions } from './nats/browser.js';
export type { PayloadCodec, PayloadPlace } from './nats/payload-codec.js';
export { TaskHub } from './nats/task-hub.js';
