import { checkLinkedId } from '../client/management-urls.js';
import type { StartOptions } from '../client/started-run.js';
import { RefusedRequestError } from '../errors.js';
import type { Problem } from './problem.js';
import { refused, timeOf } from './query.js';
import type { Service } from './service.js';

/** So many instances are started by one request at most. */
const MOST = 1_000;

const fields = new Set([
  'name',
  'instanceId',
  'idempotencyKey',
  'input',
  'version',
  'tags',
  'memo',
  'startAt',
  'ifExists',
]);

/** What became of one start. */
export type Started =
  | { readonly status: 202; readonly id: string; readonly statusQueryGetUri: string }
  | { readonly status: number; readonly problem: Problem };

interface Start {
  readonly name: string;
  readonly input: unknown;
  readonly options: StartOptions;
}

/** Starts what a list says, each on its own. Throws RefusedRequestError for what is no list of starts: nothing is started then. */
export async function startMany(service: Service, origin: string, body: unknown): Promise<readonly Started[]> {
  if (!Array.isArray(body) || body.length === 0 || body.length > MOST)
    throw new RefusedRequestError(400, `The body must be a list of 1 to ${MOST} starts.`);
  const starts = body.map(startOf);
  return Promise.all(starts.map((start) => startOne(service, origin, start)));
}

async function startOne(service: Service, origin: string, { name, input, options }: Start): Promise<Started> {
  try {
    if (options.instanceId !== undefined) checkLinkedId(options.instanceId);
    const { instanceId } = await service.client.startNew(name, service.classes.startInput(name, input), options);
    return { status: 202, id: instanceId, statusQueryGetUri: await service.urls.url(origin, instanceId, 'getStatus') };
  } catch (error) {
    const problem = service.problemOf(error);
    return { status: problem.status, problem };
  }
}

function startOf(value: unknown, at: number): Start {
  const place = `[${at}]`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused(place, 'must be an object');
  for (const field of Object.keys(value))
    if (!fields.has(field)) throw refused(place, `there is no ${JSON.stringify(field)}`);
  const { name, input, startAt, ...options } = value as StartOptions & Record<string, unknown>;
  if (typeof name !== 'string') throw refused(`${place}.name`, 'must be the name of an orchestrator');
  if (startAt !== undefined && typeof startAt !== 'string') throw refused(`${place}.startAt`, 'must be a text');
  return {
    name,
    input,
    options: { ...options, ...(startAt !== undefined && { startAt: timeOf(`${place}.startAt`, startAt) }) },
  };
}
