import type { StartOptions } from '../client/started-run.js';
import { startMany } from './batch-start.js';
import { startedResponse, waitedResponse } from './check-status.js';
import { refused } from './query.js';
import { json, type Call, type Route } from './route.js';

const parameters = [
  { name: 'timeout', description: 'How many seconds to wait for the end; only with pollingInterval.', type: 'number' },
  { name: 'pollingInterval', description: 'Of no other effect: the end is told, not looked for.', type: 'number' },
  { name: 'version', description: 'The version of the orchestrator.' },
  { name: 'startAt', description: 'When it is to begin.' },
  {
    name: 'idempotency-key',
    description: 'A text that names the start: with the same one it is made once.',
    in: 'header',
  },
  { name: 'ifExists', description: 'What becomes of an instance with this id: reject, attach or replace.' },
] as const;

const start = {
  method: 'POST',
  action: 'start',
  parameters,
  body: 'The input.',
  responses: {
    200: 'It has ended within the time: its output, or how it stands.',
    202: 'It is started: its URLs.',
    400: 'The input is no JSON or does not fit, there is no such orchestrator, or the id is none.',
    409: 'An instance with this id has not ended.',
    500: 'It has failed within the time.',
  },
  handle: startOne,
} as const;

/** Routes that start instances. */
export const startRoutes: readonly Route[] = [
  { ...start, path: '/orchestrators/:functionName', summary: 'Starts an instance.' },
  { ...start, path: '/orchestrators/:functionName/:instanceId', summary: 'Starts an instance with an id.' },
  {
    method: 'POST',
    path: '/instances',
    action: 'start',
    summary: 'Starts up to 1,000 instances.',
    body: 'A list of { name, instanceId?, idempotencyKey?, input?, version?, tags?, memo?, startAt?, ifExists? }.',
    responses: { 202: 'All are started.', 207: 'Some could not be started: each says what became of it.' },
    handle: async (call) => {
      const started = await startMany(call.service, call.origin, await call.requiredJson());
      return json(started, started.every(({ status }) => status === 202) ? 202 : 207);
    },
  },
];

async function startOne(call: Call): Promise<Response> {
  const { service, query, request } = call;
  const name = call.part('functionName');
  const instanceId = call.part('instanceId') || undefined;
  const wait = waitOf(call);
  const input = service.classes.startInput(name, await call.json());
  const started = await service.client.startNew(name, input, {
    instanceId,
    idempotencyKey: request.headers.get('idempotency-key') || undefined,
    version: query.text('version'),
    startAt: query.time('startAt'),
    ifExists: query.text('ifExists') as StartOptions['ifExists'], // the client refuses others
  });
  if (wait !== undefined) return waitedResponse(service, request, started, wait);
  return startedResponse(service, call.origin, started.instanceId);
}

/** How long to wait, in milliseconds. Throws RefusedRequestError. */
function waitOf({ query }: Call): number | undefined {
  const [timeout, interval] = [query.seconds('timeout'), query.seconds('pollingInterval')];
  if (timeout === undefined || interval === undefined) return undefined;
  if (interval > timeout) throw refused('pollingInterval', 'must not be longer than timeout');
  return timeout;
}
