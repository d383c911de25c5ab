/** Compiled by `tsc -p .`, which is the test: our types are usable wherever those of the original are. */
import type * as functions from '@azure/functions';
import type * as original from 'durable-functions';
import type * as ourFunctions from '../../lib/compat/azure-functions.js';
import type * as ours from '../../lib/compat/durable-functions.js';

/** Compiles only when the first fits where the second is asked for. */
type Fits<Given extends Wanted, Wanted> = [Given, Wanted];

export type Values = [
  Fits<typeof ours.app, Omit<typeof original.app, 'client'>>,
  Fits<typeof ours.trigger, typeof original.trigger>,
  Fits<typeof ours.input, typeof original.input>,
  Fits<typeof ours.getClient, typeof original.getClient>,
  Fits<keyof typeof ours.app.client, keyof typeof original.app.client>,
  Fits<keyof typeof original.app.client, keyof typeof ours.app.client>,
  // `default` comes with every import of CommonJS; the other it declares as a class, and does not export.
  Fits<Exclude<keyof typeof original, 'default' | 'HttpManagementPayload'>, keyof typeof ours>,
  Fits<keyof typeof functions.app, keyof typeof ourFunctions.app>,
  Fits<keyof typeof functions.trigger, keyof typeof ourFunctions.trigger>,
  Fits<keyof typeof functions.input, keyof typeof ourFunctions.input>,
  Fits<keyof typeof functions.output, keyof typeof ourFunctions.output>,
  Fits<keyof typeof functions.app.hook, keyof typeof ourFunctions.app.hook>,
  Fits<typeof ours.EntityId, typeof original.EntityId>,
  Fits<typeof ours.RetryOptions, typeof original.RetryOptions>,
  Fits<typeof ours.EntityStateResponse, typeof original.EntityStateResponse>,
  Fits<typeof ours.PurgeHistoryResult, typeof original.PurgeHistoryResult>,
  Fits<typeof ours.TaskFailedError, typeof original.TaskFailedError>,
  Fits<typeof ours.LockingRulesViolationError, typeof original.LockingRulesViolationError>,
  Fits<typeof ours.LockState, typeof original.LockState>,
  Fits<typeof ours.DummyOrchestrationContext, typeof original.DummyOrchestrationContext>,
  Fits<typeof ours.DurableError, typeof original.DurableError>,
  Fits<typeof ours.AggregatedError, typeof original.AggregatedError>,
  Fits<typeof ourFunctions.HttpResponse, typeof functions.HttpResponse>,
  Fits<typeof ourFunctions.HttpRequest, typeof functions.HttpRequest>,
  Fits<typeof ourFunctions.InvocationContext, typeof functions.InvocationContext>,
  Fits<typeof ourFunctions.Disposable, typeof functions.Disposable>,
];

export type Objects = [
  Fits<ours.DurableClient, original.DurableClient>,
  Fits<ours.DurableOrchestrationContext, original.DurableOrchestrationContext>,
  Fits<ours.OrchestrationContext, original.OrchestrationContext>,
  Fits<ours.EntityContext<number>, original.EntityContext<number>>,
  Fits<ours.DurableEntityContext<number>, original.DurableEntityContext<number>>,
  Fits<ours.DurableOrchestrationStatus, original.DurableOrchestrationStatus>,
  Fits<ours.HttpManagementPayload, original.HttpManagementPayload>,
  Fits<ours.Task, original.Task>,
  Fits<ours.TimerTask, original.TimerTask>,
  Fits<ours.DurableLock, original.DurableLock>,
  Fits<ours.LockState, original.LockState>,
  Fits<ours.FailureDetails, original.FailureDetails>,
  Fits<ours.RegisteredActivity, original.RegisteredActivity>,
  Fits<ours.RegisteredOrchestration, original.RegisteredOrchestration>,
  Fits<original.ActivityOptions['handler'], ours.ActivityOptions['handler']>,
  Fits<original.CallHttpOptions, ours.CallHttpOptions>,
  Fits<original.StartNewOptions, ours.StartNewOptions>,
  Fits<original.OrchestrationFilter, ours.OrchestrationFilter>,
  Fits<original.TaskHubOptions, ours.TaskHubOptions>,
  Fits<original.GetStatusOptions, ours.GetStatusOptions>,
  Fits<original.WaitForCompletionOptions, ours.WaitForCompletionOptions>,
  Fits<original.ExceptionPropertiesProvider, ours.ExceptionPropertiesProvider>,
  Fits<original.TokenSource, ours.TokenSource>,
  Fits<ourFunctions.HttpRequest, functions.HttpRequest>,
  Fits<ourFunctions.HttpResponse, functions.HttpResponse>,
  Fits<ourFunctions.InvocationContext, functions.InvocationContext>,
  Fits<functions.HttpResponseInit, ourFunctions.HttpResponseInit>,
  Fits<ourFunctions.HttpResponseInit, functions.HttpResponseInit>,
  Fits<ourFunctions.Timer, functions.Timer>,
  Fits<functions.Cookie, ourFunctions.Cookie>,
  Fits<functions.HttpTriggerOptions, ourFunctions.HttpTriggerOptions>,
  Fits<functions.TimerTriggerOptions, ourFunctions.TimerTriggerOptions>,
];
