import type { InstanceFilter } from '../../client/instance-filter.js';
import { hasEnded, type OrchestrationStatus } from '../../client/orchestration-status.js';
import { statusBody } from '../../client/status-body.js';
import type { TaskHubClient } from '../../client/task-hub-client.js';
import {
  InstanceEndedError,
  InstanceNotEndedError,
  NotFoundError,
  NotRewindableError,
  UnknownEntityError,
} from '../../errors.js';
import { historyBody } from '../../http/history-body.js';
import type { RuntimeStatus } from '../../wire/head.js';
import type { HttpRequest } from '../functions/http-request.js';
import { HttpResponse } from '../functions/http-response.js';
import {
  DurableOrchestrationStatus,
  EntityStateResponse,
  PurgeHistoryResult,
  type GetStatusOptions,
  type HttpManagementPayload,
  type OrchestrationFilter,
  type StartNewOptions,
  type TaskHubOptions,
  type WaitForCompletionOptions,
} from './client-shapes.js';
import { entityName, type EntityId } from './entity-id.js';
import { knownName } from './function-names.js';
import { plainValue } from './plain-value.js';

/** What a client in the style of Durable Functions stands on. */
export interface ClientPorts {
  readonly client: TaskHubClient;
  /** Of another task hub. */
  clientOf(taskHubName: string): Promise<TaskHubClient>;
  /** Where the host listens, such as `http://localhost:7071`. */
  readonly origin: string;
  /** The URLs of an instance below an origin. */
  payload(origin: string, instanceId: string): HttpManagementPayload;
  /** Whether a start replaces an instance of its id that goes on. */
  readonly replacesRunning: boolean;
}

/**
 * Starts, finds and manages orchestrations and entities, in the style of Durable Functions: `df.getClient(context)`.
 *
 * @example
 * ```ts
 * import * as df from 'perdure/durable-functions';
 *
 * df.app.client.http('cancelOrder', {
 *   route: 'orders/{id}/cancel',
 *   handler: async (request, client) => {
 *     await client.raiseEvent(request.params['id']!, 'Cancel', { by: request.query.get('by') });
 *     return { status: 202 };
 *   },
 * });
 * ```
 */
export class DurableClient {
  /** The name of the task hub. */
  readonly taskHubName: string;
  /** Where the host listens. */
  readonly uniqueWebhookOrigins: string[];
  readonly #ports: ClientPorts;

  /** Internal: use `getClient`. */
  constructor(ports: ClientPorts) {
    this.#ports = ports;
    this.taskHubName = ports.client.taskHubName;
    this.uniqueWebhookOrigins = [ports.origin];
  }

  /** The answer 202 that says where to look for the end of an instance. */
  createCheckStatusResponse(request: HttpRequest | undefined, instanceId: string): HttpResponse {
    const origin = request?.url === undefined ? this.#ports.origin : new URL(request.url).origin;
    const payload = this.#ports.payload(origin, instanceId);
    const headers = {
      'Content-Type': 'application/json',
      Location: payload.statusQueryGetUri,
      'Retry-After': '10',
    };
    return new HttpResponse({ status: 202, jsonBody: payload, headers });
  }

  /** The URLs by which an instance is looked at and managed. */
  createHttpManagementPayload(instanceId: string): HttpManagementPayload {
    return this.#ports.payload(this.#ports.origin, instanceId);
  }

  /** How an instance stands. Rejects when there is none. */
  async getStatus(instanceId: string, options: GetStatusOptions = {}): Promise<DurableOrchestrationStatus> {
    const { showHistory = false, showHistoryOutput = false, showInput = true } = options;
    const handle = this.#ports.client.getHandle(instanceId);
    const status = await foundOr(handle.status(), () =>
      Promise.reject(
        new Error(
          'DurableClient error: Durable Functions extension replied with HTTP 404 response. This usually means we could not ' +
            `find any data associated with the instanceId provided: ${instanceId}.`,
        ),
      ),
    );
    const isTold = showHistory && status.runtimeStatus !== 'Pending';
    const history = isTold
      ? historyBody(await handle.history(), { showInput, showOutput: showHistoryOutput })
      : undefined;
    return shown(status, showInput, history);
  }

  /** How all instances stand. */
  getStatusAll(): Promise<DurableOrchestrationStatus[]> {
    return this.getStatusBy({});
  }

  /** How the instances that fit stand. */
  async getStatusBy(filter: OrchestrationFilter): Promise<DurableOrchestrationStatus[]> {
    const found = this.#ports.client.allInstances(filterOf(filter), { fetchInputsAndOutputs: true });
    const statuses: DurableOrchestrationStatus[] = [];
    for await (const status of found) statuses.push(shown(status, true));
    return statuses;
  }

  /** Removes all that is stored of an instance that has ended. */
  async purgeInstanceHistory(instanceId: string): Promise<PurgeHistoryResult> {
    try {
      await this.#ports.client.purge(instanceId);
      return new PurgeHistoryResult(1);
    } catch (error) {
      if (error instanceof NotFoundError || error instanceof InstanceNotEndedError) return new PurgeHistoryResult(0);
      throw error;
    }
  }

  /** Removes all that is stored of the instances that have ended and fit. */
  async purgeInstanceHistoryBy(filter: OrchestrationFilter): Promise<PurgeHistoryResult> {
    const { runtimeStatus, ...times } = filterOf(filter);
    const ends = ([runtimeStatus ?? []].flat() as RuntimeStatus[]).filter((one) => hasEnded({ runtimeStatus: one }));
    if (runtimeStatus !== undefined && ends.length === 0) return new PurgeHistoryResult(0);
    const purged = await this.#ports.client.purgeInstances({
      ...times,
      ...(ends.length > 0 && { runtimeStatus: ends as ('Completed' | 'Failed' | 'Terminated' | 'Canceled')[] }),
    });
    return new PurgeHistoryResult(purged);
  }

  /** Raises an external event; for an instance that has ended it is dropped. Rejects when there is none. */
  async raiseEvent(instanceId: string, eventName: string, eventData: unknown, options?: TaskHubOptions): Promise<void> {
    if (!eventName) throw new Error('eventName must be a valid string.');
    const client = await this.#clientFor(options);
    const handle = client.getHandle(instanceId);
    await foundOr(handle.status({ fetchInputsAndOutputs: false }), () => noInstance(instanceId));
    await client.raiseEvent(instanceId, eventName, plainValue(eventData) ?? null);
  }

  /** The state of an entity. */
  async readEntityState<T>(entityId: EntityId, options?: TaskHubOptions): Promise<EntityStateResponse<T>> {
    const client = await this.#clientFor(options);
    try {
      const read = await client.readEntityState<T>(entityName(entityId.name), entityId.key);
      return read.entityExists ? new EntityStateResponse(true, read.entityState) : new EntityStateResponse<T>(false);
    } catch (error) {
      if (error instanceof UnknownEntityError) return new EntityStateResponse<T>(false);
      throw error;
    }
  }

  /** Lets an instance that failed go on as if it had not. */
  async rewind(instanceId: string, reason: string, options?: TaskHubOptions): Promise<void> {
    const client = await this.#clientFor(options);
    try {
      await foundOr(client.rewind(instanceId, reason), () => noInstance(instanceId));
    } catch (error) {
      if (!(error instanceof NotRewindableError)) throw error;
      throw new Error('The rewind operation is only supported on failed orchestration instances.', { cause: error });
    }
  }

  /** Sends an operation to an entity, one-way. */
  async signalEntity(
    entityId: EntityId,
    operationName?: string,
    operationContent?: unknown,
    options?: TaskHubOptions,
  ): Promise<void> {
    const client = await this.#clientFor(options);
    const input = plainValue(operationContent);
    await client.signalEntity(entityName(entityId.name), entityId.key, operationName ?? '', input);
  }

  /** Starts an instance. Rejects when one of its id goes on, unless `host.json` says that it is replaced. */
  async startNew(orchestratorFunctionName: string, options: StartNewOptions = {}): Promise<string> {
    if (!orchestratorFunctionName) throw new Error('orchestratorFunctionName must be a valid string.');
    const { instanceId, input, version } = options;
    const name = knownName('orchestrationTrigger', orchestratorFunctionName);
    const started = await this.#ports.client.startNew(name, plainValue(input), {
      ...(instanceId && { instanceId }),
      ...(version && { version }),
      ...(this.#ports.replacesRunning && instanceId && { ifExists: 'replace' as const }),
    });
    return started.instanceId;
  }

  /** Ends an instance at once; its output is the reason. Of no effect on one that has ended. */
  terminate(instanceId: string, reason: string): Promise<void> {
    return asked(this.#ports.client.terminate(instanceId, reason, { reason }), instanceId);
  }

  /** Suspends an instance. Of no effect on one that has ended. */
  suspend(instanceId: string, reason: string): Promise<void> {
    return asked(this.#ports.client.suspend(instanceId, reason), instanceId);
  }

  /** Lets a suspended instance go on. Of no effect on one that has ended. */
  resume(instanceId: string, reason: string): Promise<void> {
    return asked(this.#ports.client.resume(instanceId, reason), instanceId);
  }

  /** The output of an instance, or how it ended, when it does in time; else as `createCheckStatusResponse`. */
  async waitForCompletionOrCreateCheckStatusResponse(
    request: HttpRequest,
    instanceId: string,
    waitOptions: WaitForCompletionOptions = {},
  ): Promise<HttpResponse> {
    const { timeoutInMilliseconds: timeout = 10_000, retryIntervalInMilliseconds: interval = 1_000 } = waitOptions;
    if (interval > timeout)
      throw new Error(`Total timeout ${timeout} (ms) should be bigger than retry timeout ${interval} (ms)`);
    const handle = this.#ports.client.getHandle(instanceId);
    await handle.result({ timeoutInMilliseconds: timeout }).catch(() => {}); // its status tells
    const status = await this.getStatus(instanceId);
    if (!hasEnded({ runtimeStatus: status.runtimeStatus })) return this.createCheckStatusResponse(request, instanceId);
    const headers = { 'Content-Type': 'application/json' };
    if (status.runtimeStatus === 'Completed')
      return new HttpResponse({ status: 200, jsonBody: status.output, headers });
    return new HttpResponse({ status: status.runtimeStatus === 'Failed' ? 500 : 200, jsonBody: status, headers });
  }

  async #clientFor({ taskHubName }: TaskHubOptions = {}): Promise<TaskHubClient> {
    const { client } = this.#ports;
    if (taskHubName === undefined || taskHubName === client.taskHubName) return client;
    return this.#ports.clientOf(taskHubName);
  }
}

function filterOf({ createdTimeFrom, createdTimeTo, runtimeStatus }: OrchestrationFilter): InstanceFilter {
  return {
    ...(createdTimeFrom && { createdTimeFrom }),
    ...(createdTimeTo && { createdTimeTo }),
    ...(runtimeStatus && runtimeStatus.length > 0 && { runtimeStatus }),
  };
}

function shown(
  status: OrchestrationStatus,
  showInput: boolean,
  history?: readonly object[],
): DurableOrchestrationStatus {
  const { name, instanceId, runtimeStatus, input, output, customStatus } = statusBody(status, showInput);
  const { createdTime, lastUpdatedTime } = status;
  const init = { name, instanceId, runtimeStatus, input, output, customStatus, createdTime, lastUpdatedTime };
  return new DurableOrchestrationStatus({ ...init, ...(history && { history: [...history] }) });
}

async function foundOr<T>(asked: Promise<T>, otherwise: () => Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof NotFoundError) return otherwise();
    throw error;
  }
}

function noInstance(instanceId: string): Promise<never> {
  return Promise.reject(new Error(`No instance with ID '${instanceId}' found.`));
}

async function asked(sent: Promise<void>, instanceId: string): Promise<void> {
  try {
    await foundOr(sent, () => noInstance(instanceId));
  } catch (error) {
    if (!(error instanceof InstanceEndedError)) throw error;
  }
}
