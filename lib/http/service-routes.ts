import { openApi } from './openapi.js';
import { json, type Route } from './route.js';
import type { Service } from './service.js';

/** So long a look at the hub is good, and so long it may take, in milliseconds. */
const FRESH = 1_000;
const PATIENCE = 2_000;

const openRoutes = (health: Health): readonly Route[] => [
  {
    method: 'GET',
    path: '/health',
    action: undefined,
    summary: 'Whether the task hub can be reached. Open to everybody.',
    responses: { 200: 'It can.', 503: 'It cannot.' },
    handle: async ({ service }) =>
      (await health.of(service)) ? json({ status: 'healthy' }) : json({ status: 'unhealthy' }, 503),
  },
];

/** Routes about the service itself; `routes` are all others. */
export function serviceRoutes(routes: readonly Route[]): readonly Route[] {
  const all: Route[] = [
    ...openRoutes(new Health()),
    {
      method: 'POST',
      path: '/makeprimary',
      action: 'makePrimary',
      summary: 'Of no effect: all workers of a task hub share its work.',
      responses: { 200: 'Done.' },
      handle: async (call) => {
        await call.json();
        return new Response(null, { status: 200 });
      },
    },
    {
      method: 'GET',
      path: '/openapi.json',
      action: 'describe',
      summary: 'This description.',
      responses: { 200: 'An OpenAPI document.' },
      handle: ({ service, origin }) => Promise.resolve(json(openApi([...routes, ...all], service, origin))),
    },
  ];
  return all;
}

/** Looks at the hub for whoever asks, once for all who ask at the same time. */
class Health {
  #last: { readonly at: number; readonly isHealthy: Promise<boolean> } | undefined;

  of({ client }: Service): Promise<boolean> {
    const now = performance.now();
    if (this.#last && now - this.#last.at < FRESH) return this.#last.isHealthy;
    const look = client.listInstanceIds({}, { pageSize: 1, timeoutInMilliseconds: PATIENCE });
    const isHealthy = look.then(
      () => true,
      () => false,
    );
    this.#last = { at: now, isHealthy };
    return isHealthy;
  }
}
