import { app, HttpRequest, HttpResponse, HttpResponseInit, InvocationContext, Timer } from '@azure/functions';
import * as df from 'durable-functions';

const startOrder = async (request: HttpRequest, context: InvocationContext): Promise<HttpResponse> => {
  const client: df.DurableClient = df.getClient(context);
  const body: unknown = await request.json();
  const instanceId: string = await client.startNew(request.params.orchestratorName, { input: body });
  context.log(`Started orchestration with ID = '${instanceId}'.`);
  return client.createCheckStatusResponse(request, instanceId);
};

app.http('startOrder', {
  route: 'orchestrators/{orchestratorName}',
  methods: ['POST'],
  authLevel: 'anonymous',
  extraInputs: [df.input.durableClient()],
  handler: startOrder,
});

export async function health(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  context.debug('asked', request.url);
  const headers: Record<string, string> = { 'x-method': request.method };
  for (const [name, value] of request.headers.entries()) if (name === 'x-echo') headers[name] = value;
  return { status: 200, headers, jsonBody: { query: Object.fromEntries(request.query.entries()) } };
}

app.http('health', { methods: ['GET'], handler: health });
app.get('plain', async () => ({ body: 'plain' }));
app.deleteRequest('gone', { route: 'things/{id}', handler: (request) => ({ jsonBody: request.params }) });

app.timer('nightly', {
  schedule: '0 0 3 * * *',
  handler: (timer: Timer, context: InvocationContext): void => {
    context.log(timer.isPastDue, timer.scheduleStatus.next);
  },
});

df.app.client.http('waiting', {
  route: 'waiting/{name}',
  handler: async (request, client, context): Promise<HttpResponse> => {
    const options: df.StartNewOptions = { input: await request.json() };
    const id = await client.startNew(request.params.name!, options);
    const wait: df.WaitForCompletionOptions = { timeoutInMilliseconds: 20_000, retryIntervalInMilliseconds: 100 };
    context.info(client.taskHubName);
    return client.waitForCompletionOrCreateCheckStatusResponse(request, id, wait);
  },
});

df.app.client.timer('cleaning', {
  schedule: '0 0 4 * * *',
  handler: async (_timer: Timer, client: df.DurableClient) => {
    const filter: df.OrchestrationFilter = {
      createdTimeFrom: new Date(0),
      createdTimeTo: new Date(),
      runtimeStatus: [df.OrchestrationRuntimeStatus.Completed, df.OrchestrationRuntimeStatus.Failed],
    };
    const { instancesDeleted }: df.PurgeHistoryResult = await client.purgeInstanceHistoryBy(filter);
    return instancesDeleted;
  },
});

app.hook.preInvocation(({ invocationContext, inputs }) => {
  if (inputs.length === 0) invocationContext.warn('nothing');
});
