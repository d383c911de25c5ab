import type { InstanceFilter } from '../client/instance-filter.js';
import type { OrchestrationHandle } from '../client/orchestration-handle.js';
import type { OrchestrationStatus } from '../client/orchestration-status.js';
import type { PurgeFilter } from '../client/purge-filter.js';
import { InstanceNotEndedError, RefusedRequestError } from '../errors.js';
import { runtimeStatuses, type RuntimeStatus } from '../wire/head.js';
import { LARGEST_PAGE, PAGE } from '../client/view-lists.js';
import { eventStream } from './event-stream.js';
import { historyBody } from './history-body.js';
import { refused } from './query.js';
import { json, type Call, type Parameter, type Route } from './route.js';
import { placeFor } from './service.js';
import { statusBody, statusCodeOf } from '../client/status-body.js';

const showInput: Parameter = { name: 'showInput', description: 'Whether the input is told.', type: 'boolean' };

const filter: readonly Parameter[] = [
  { name: 'instanceIdPrefix', description: 'What the id begins with.' },
  { name: 'createdTimeFrom', description: 'It began at this time or later.' },
  { name: 'createdTimeTo', description: 'It began before this time.' },
  { name: 'runtimeStatus', description: 'The states, separated by commas.' },
  { name: 'orchestrator', description: 'The name of its orchestrator.' },
  { name: 'tag', description: 'A tag that it has, as name=value; may be given several times.' },
];

/** Routes that look at instances, and remove what is stored of them. */
export const instanceRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/instances/:instanceId',
    action: 'getStatus',
    summary: 'How an instance stands.',
    parameters: [
      { name: 'showHistory', description: 'Whether its history is told.', type: 'boolean' },
      { name: 'showHistoryOutput', description: 'Whether results are told in it.', type: 'boolean' },
      showInput,
      {
        name: 'returnInternalServerErrorOnFailure',
        description: 'Whether one that failed is answered with 500.',
        type: 'boolean',
      },
    ],
    responses: {
      200: 'It has ended.',
      202: 'It goes on: look again.',
      404: 'There is none.',
      500: 'It failed, as asked.',
    },
    handle: getStatus,
  },
  {
    method: 'GET',
    path: '/instances',
    action: 'listInstances',
    summary: 'Finds instances.',
    parameters: [
      ...filter,
      showInput,
      { name: 'top', description: 'How many at most: 1 to 1,000, by default 100.', type: 'integer' },
      { name: 'x-ms-continuation-token', description: 'Where the page before ended.', in: 'header' },
    ],
    responses: { 200: 'A page of them; the header x-ms-continuation-token says where the next one begins.' },
    handle: listInstances,
  },
  {
    method: 'DELETE',
    path: '/instances/:instanceId',
    action: 'purge',
    summary: 'Removes all that is stored of an instance.',
    responses: { 200: 'How many were removed.', 404: 'There is none that has ended.' },
    handle: purge,
  },
  {
    method: 'DELETE',
    path: '/instances',
    action: 'purgeInstances',
    summary: 'Removes all that is stored of the instances that have ended and fit.',
    parameters: filter,
    responses: { 200: 'How many were removed.', 400: 'It does not say which.', 404: 'None fits.' },
    handle: purgeInstances,
  },
  {
    method: 'GET',
    path: '/instances/:instanceId/watch',
    action: 'getStatus',
    summary: 'How an instance stands, and each change until it has ended, as server-sent events.',
    parameters: [showInput],
    responses: { 200: 'Events `status`, and `end` behind the last.', 404: 'There is none.', 503: 'Too many watch.' },
    handle: watch,
  },
];

async function getStatus(call: Call): Promise<Response> {
  const { query, request, service } = call;
  const [showsInput, showsHistory] = [query.flag('showInput', true), query.flag('showHistory', false)];
  const showOutput = query.flag('showHistoryOutput', false);
  const failedIs500 = query.flag('returnInternalServerErrorOnFailure', false);
  const handle = service.client.getHandle(call.part('instanceId'));
  const status = await handle.status();
  const isHistoryTold = showsHistory && status.runtimeStatus !== 'Pending';
  const history = isHistoryTold
    ? historyBody(await handle.history(), { showInput: showsInput, showOutput })
    : undefined;
  const code = statusCodeOf(status, failedIs500);
  const { pathname, search } = new URL(request.url);
  return json(statusBody(status, showsInput, history), code, {
    'perdure-source': status.source,
    ...(code === 202 && { location: `${call.origin}${pathname}${search}`, 'retry-after': '5' }),
  });
}

async function listInstances(call: Call): Promise<Response> {
  const { query, request, service } = call;
  const showsInput = query.flag('showInput', true);
  const { instances, continuationToken } = await service.client.listInstances(filterOf(call), {
    pageSize: query.count('top', PAGE, LARGEST_PAGE),
    continuationToken: request.headers.get('x-ms-continuation-token') || undefined,
    fetchInputsAndOutputs: true,
    signal: request.signal,
  });
  return json(
    instances.map((status) => statusBody(status, showsInput)),
    200,
    continuationToken === undefined ? {} : { 'x-ms-continuation-token': continuationToken },
  );
}

/** As in the original, one that goes on is not found: there is nothing to purge. */
async function purge(call: Call): Promise<Response> {
  try {
    await call.service.client.purge(call.part('instanceId'));
    return json({ instancesDeleted: 1 });
  } catch (error) {
    if (error instanceof InstanceNotEndedError) throw new RefusedRequestError(404, error.message);
    throw error;
  }
}

async function purgeInstances(call: Call): Promise<Response> {
  // A misspelt filter would remove what it was to keep.
  const known = [...filter.map(({ name }) => name), 'taskHub', 'connection', 'code'];
  const unknown = call.query.nameBeside(known);
  if (unknown !== undefined)
    throw refused(unknown, `there is no such filter; there are ${known.slice(0, -3).join(', ')}`);
  const chosen = filterOf(call);
  if (Object.values(chosen).every((value) => value === undefined))
    throw new RefusedRequestError(400, 'Say which: createdTimeFrom, or another filter. All is not a default.');
  const instancesDeleted = await call.service.client.purgeInstances(chosen as PurgeFilter);
  if (instancesDeleted === 0) throw new RefusedRequestError(404, 'No instance that has ended fits.');
  return json({ instancesDeleted });
}

async function watch(call: Call): Promise<Response> {
  const { query, request, service } = call;
  const showsInput = query.flag('showInput', true);
  return eventStream(request.signal, {
    name: 'status',
    leave: placeFor(service),
    problemOf: service.problemOf,
    begin: (signal) => statuses(service.client.getHandle(call.part('instanceId')), signal),
    bodyOf: (status) => statusBody(status, showsInput),
  });
}

/** A watch waits as long as it takes; a request for one has to be answered, also when nobody can tell of the instance. */
async function* statuses(handle: OrchestrationHandle, signal: AbortSignal): AsyncGenerator<OrchestrationStatus, void> {
  await handle.status({ fetchInputsAndOutputs: false, signal });
  yield* handle.watch({ signal });
}

function filterOf({ query }: Call): InstanceFilter {
  const states = query.list('runtimeStatus').map(stateOf);
  const tags = query.all('tag').map(tagOf);
  return {
    instanceIdPrefix: query.text('instanceIdPrefix'),
    createdTimeFrom: query.time('createdTimeFrom'),
    createdTimeTo: query.time('createdTimeTo'),
    orchestrator: query.text('orchestrator'),
    runtimeStatus: states.length > 0 ? states : undefined,
    tags: tags.length > 0 ? Object.fromEntries(tags) : undefined,
  };
}

function stateOf(text: string): RuntimeStatus {
  const state = runtimeStatuses.find((one) => one.toLowerCase() === text.toLowerCase());
  if (state) return state;
  throw refused('runtimeStatus', `must be of ${runtimeStatuses.join(', ')}`);
}

function tagOf(text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw refused('tag', 'must be name=value');
}
