import type { EntityStateResponse } from '../client/entities.js';
import { RefusedRequestError } from '../errors.js';
import { LARGEST_PAGE, PAGE } from '../client/view-lists.js';
import { eventStream } from './event-stream.js';
import { refused } from './query.js';
import { accepted, json, type Call, type Parameter, type Route } from './route.js';
import { placeFor } from './service.js';
import { toSeconds } from '../client/status-body.js';

const path = '/entities/:entityName/:entityKey';

const list = {
  method: 'GET',
  action: 'listEntities',
  parameters: [
    { name: 'lastOperationTimeFrom', description: 'Their last operation was taken at this time or later.' },
    { name: 'lastOperationTimeTo', description: 'Their last operation was taken before this time.' },
    { name: 'fetchState', description: 'Whether their states are told.', type: 'boolean' },
    { name: 'keyPrefix', description: 'What their keys begin with.' },
    { name: 'top', description: 'How many at most: 1 to 1,000, by default 100.', type: 'integer' },
    { name: 'x-ms-continuation-token', description: 'Where the page before ended.', in: 'header' },
  ],
  responses: { 200: 'A page of them; the header x-ms-continuation-token says where the next one begins.' },
  handle: listEntities,
} as const;

const operation: Parameter = { name: 'op', description: 'The name of the operation.', isRequired: true };
const missing = 'There is no such entity or operation.';

/** Routes about entities. */
export const entityRoutes: readonly Route[] = [
  { ...list, path: '/entities', summary: 'Finds entities.' },
  { ...list, path: '/entities/:entityName', summary: 'Finds entities of one name.' },
  {
    method: 'GET',
    path,
    action: 'readEntity',
    summary: 'The state of an entity.',
    responses: { 200: 'Its state.', 404: 'It does not exist.' },
    handle: readEntity,
  },
  {
    method: 'POST',
    path,
    action: 'signalEntity',
    summary: 'Sends a one-way message to an entity.',
    parameters: [operation],
    body: 'The input of the operation.',
    responses: { 202: 'It is stored.', 400: 'The input is no JSON or does not fit.', 404: missing },
    handle: async (call) => {
      const name = call.query.text('op');
      if (name === undefined) throw refused('op', 'say which operation');
      return signal(call, name, await call.json());
    },
  },
  {
    method: 'DELETE',
    path,
    action: 'deleteEntity',
    summary: 'Signals the operation `delete` to an entity.',
    responses: { 202: 'It is stored.', 404: missing },
    handle: (call) => signal(call, 'delete', undefined),
  },
  {
    method: 'POST',
    path: `${path}/call/:operation`,
    action: 'callEntity',
    summary: 'Calls an operation of an entity and waits for its result.',
    body: 'The input of the operation.',
    responses: {
      200: 'Its result.',
      400: 'The input is no JSON or does not fit.',
      404: missing,
      500: 'The operation has failed.',
    },
    handle: async (call) => {
      const [entity, key, name] = [call.part('entityName'), call.part('entityKey'), call.part('operation')];
      const input = call.service.classes.operationInput(entity, name, await call.json());
      return json(await call.service.client.callEntity(entity, key, name, input));
    },
  },
  {
    method: 'GET',
    path: `${path}/watch`,
    action: 'readEntity',
    summary: 'The state of an entity, and each that follows, as server-sent events.',
    responses: { 200: 'Events `state`.', 404: missing, 503: 'Too many watch.' },
    handle: watch,
  },
];

async function readEntity(call: Call): Promise<Response> {
  const [entity, key] = [call.part('entityName'), call.part('entityKey')];
  const { entityExists, entityState, source } = await call.service.client.readEntityState(entity, key);
  if (!entityExists) throw new RefusedRequestError(404, `Entity ${entity} ${JSON.stringify(key)} does not exist.`);
  return json(entityState, 200, { 'perdure-source': source });
}

async function signal(call: Call, name: string, given: unknown): Promise<Response> {
  const [entity, key] = [call.part('entityName'), call.part('entityKey')];
  const input = call.service.classes.operationInput(entity, name, given);
  await call.service.client.signalEntity(entity, key, name, input);
  return accepted();
}

async function listEntities(call: Call): Promise<Response> {
  const { query, request, service } = call;
  const fetchStates = query.flag('fetchState', false);
  const { entities, continuationToken } = await service.client.entities.list(
    {
      entity: call.part('entityName') || undefined,
      keyPrefix: query.text('keyPrefix'),
      lastOperationFrom: query.time('lastOperationTimeFrom'),
      lastOperationTo: query.time('lastOperationTimeTo'),
    },
    {
      pageSize: query.count('top', PAGE, LARGEST_PAGE),
      continuationToken: request.headers.get('x-ms-continuation-token') || undefined,
      fetchStates,
      signal: request.signal,
    },
  );
  const found = entities.map(({ entityId, lastOperationTime, entityState }) => ({
    entityId,
    lastOperationTime: toSeconds(lastOperationTime),
    ...(fetchStates && { state: entityState ?? null }),
  }));
  return json(found, 200, continuationToken === undefined ? {} : { 'x-ms-continuation-token': continuationToken });
}

async function watch(call: Call): Promise<Response> {
  const { request, service } = call;
  return eventStream<EntityStateResponse<unknown>>(request.signal, {
    name: 'state',
    leave: placeFor(service),
    problemOf: service.problemOf,
    begin: (signal) => service.client.entities.watch(call.part('entityName'), call.part('entityKey'), { signal }),
    bodyOf: ({ entityExists, entityState }) => ({ entityExists, entityState: entityState ?? null }),
  });
}
