import { app, HttpResponse, output, trigger } from '@azure/functions';
import df, { EntityId } from 'durable-functions';

let ticks = 0;

app.timer('tick', {
  schedule: '%TICKS%',
  runOnStartup: true,
  handler: (timer, context) => {
    ticks++;
    context.log('tick', { isPastDue: timer.isPastDue, next: timer.scheduleStatus.next > timer.scheduleStatus.last });
  },
});
df.app.client.timer('signalling', {
  schedule: '*/1 * * * * *',
  handler: (_timer, client) => client.signalEntity(new EntityId('Ticks', 'all'), 'add'),
});
df.app.entity('Ticks', (context) => context.df.setState(context.df.getState(() => 0) + 1));
app.get('ticks', () => ({ jsonBody: { ticks } }));

app.http('order', {
  methods: ['GET', 'PUT', 'DELETE'],
  route: 'orders/{id:int}/{part?}',
  handler: async (request, context) => {
    context.warn('the secret of %s', request.params.id);
    return {
      jsonBody: {
        method: request.method,
        params: request.params,
        q: request.query.get('q'),
        user: request.user,
        body: request.method === 'PUT' ? await request.json() : undefined,
      },
      status: 201,
      headers: { 'x-app': 'esm' },
      cookies: [{ name: 'a', value: 'b c', httpOnly: true, sameSite: 'Lax', maxAge: 5, path: '/' }],
    };
  },
});
app.http('latest', { route: 'orders/latest', handler: () => new HttpResponse({ body: 'latest' }) });
app.http('files', { route: 'files/{*path}', handler: (request) => ({ body: request.params.path ?? 'none' }) });
app.http('nothing', { handler: () => undefined });
app.http('text', { handler: () => 'no object' });
app.http('throws', {
  handler: () => {
    throw new Error('it broke');
  },
});
app.http('hooked', {
  handler: () => {
    throw new Error('replaced');
  },
});
app.http('guarded', { authLevel: 'function', handler: () => ({ body: 'in' }) });
app.generic('generic', {
  trigger: trigger.http({ methods: ['POST'], route: 'generic' }),
  return: output.http({}),
  handler: async (request) => ({ body: (await request.clone().text()) + (await request.text()) }),
});
app.warmup('warm', { handler: (_, context) => context.log('warmed up') });

const shout = df.app.activity('shout', {
  extraInputs: [df.input.durableClient()],
  handler: (text, context) => `${text.toUpperCase()} on ${df.getClient(context).taskHubName}`,
});
df.app.orchestration('shouting', {
  handler: function* (context) {
    if (!context.df.isReplaying) context.log('shouts');
    return yield shout(context.df.getInput());
  },
});
