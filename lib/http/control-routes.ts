import {
  InstanceEndedError,
  InstanceNotEndedError,
  NotFoundError,
  NotRewindableError,
  RefusedRequestError,
} from '../errors.js';
import { hasEnded } from '../client/orchestration-status.js';
import { startedResponse } from './check-status.js';
import type { HttpAction } from './actions.js';
import { accepted, json, type Call, type Parameter, type Route } from './route.js';

const reason: Parameter = { name: 'reason', description: 'Why, for whoever looks at it.' };

const responses = { 202: 'It is stored.', 404: 'There is none.', 410: 'It has ended.' };

function control(action: HttpAction, summary: string, ask: (call: Call, id: string) => Promise<void>): Route {
  return {
    method: 'POST',
    path: `/instances/:instanceId/${action}`,
    action,
    summary,
    parameters: [reason],
    responses,
    handle: async (call) => {
      await call.json(); // what a form of another site could send is refused; nothing else is made of it
      await ask(call, call.part('instanceId'));
      return accepted();
    },
  };
}

function handler(kind: 'query' | 'update', summary: string): Route {
  return {
    method: 'POST',
    path: `/instances/:instanceId/${kind}/:name`,
    action: `${kind}Instance`,
    summary,
    body: 'The input.',
    responses: {
      200: 'The result.',
      400: 'The input is no JSON or does not fit.',
      404: 'There is no such instance or method.',
      500: 'The method has thrown.',
      503: 'No worker has the orchestrator.',
    },
    handle: async (call) => {
      const input = await call.json();
      return json(await call.service.client.getHandle(call.part('instanceId'))[kind](call.part('name'), input));
    },
  };
}

/** Routes that ask something of one instance. */
export const controlRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/instances/:instanceId/raiseEvent/:eventName',
    action: 'raiseEvent',
    summary: 'Raises an event.',
    body: 'Its data.',
    responses: { ...responses, 400: 'The data are no JSON.', 415: 'They are said to be something else.' },
    handle: async (call) => {
      const data = await call.requiredJson();
      const id = call.part('instanceId');
      if (await call.service.client.raiseEvent(id, call.part('eventName'), data)) return accepted();
      throw new InstanceEndedError(id);
    },
  },
  control('terminate', 'Ends an instance at once, and its children.', ({ service, query }, id) =>
    service.client.terminate(id, query.text('reason'), { reason: query.text('reason') }),
  ),
  control('suspend', 'Suspends an instance.', ({ service, query }, id) =>
    service.client.suspend(id, query.text('reason')),
  ),
  control('resume', 'Lets a suspended instance go on.', ({ service, query }, id) =>
    service.client.resume(id, query.text('reason')),
  ),
  control('cancel', 'Asks an instance to clean up and end.', ({ service, query }, id) =>
    service.client.cancel(id, query.text('reason')),
  ),
  handler('query', 'Asks a query of an instance.'),
  handler('update', 'Sends an update to an instance, and waits for its result.'),
  control('rewind', 'Lets a failed instance go on as if it had not failed.', rewind),
  {
    method: 'POST',
    path: '/instances/:instanceId/restart',
    action: 'restart',
    summary: 'Starts the orchestrator of an instance again with the same input.',
    parameters: [
      {
        name: 'restartWithNewInstanceId',
        description: 'Whether it is another instance; by default true.',
        type: 'boolean',
      },
    ],
    responses: { 202: 'It is started: its URLs.', 400: 'There is none, or it has not ended and is to be the same.' },
    handle: restart,
  },
];

async function rewind({ service, query }: Call, id: string): Promise<void> {
  try {
    await service.client.rewind(id, query.text('reason'));
  } catch (error) {
    if (!(error instanceof NotRewindableError)) throw error;
    const status = await service.client.getHandle(id).status();
    if (!hasEnded(status) || status.runtimeStatus === 'Failed') throw error;
    throw new InstanceEndedError(id);
  }
}

/** What the original answers with 400, others with 404 and 409. */
async function restart(call: Call): Promise<Response> {
  const newInstanceId = call.query.flag('restartWithNewInstanceId', true);
  await call.json();
  try {
    const { instanceId } = await call.service.client.restart(call.part('instanceId'), { newInstanceId });
    return await startedResponse(call.service, call.origin, instanceId);
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof InstanceNotEndedError)
      throw new RefusedRequestError(400, error.message);
    throw error;
  }
}
