const { app } = require('@azure/functions');
const df = require('durable-functions');

const shown = (status) => ({
  name: status.name,
  runtimeStatus: status.runtimeStatus,
  input: status.input ?? null,
  output: status.output ?? null,
  customStatus: status.customStatus ?? null,
  areDates: status.createdTime instanceof Date && status.lastUpdatedTime instanceof Date,
  events: status.history?.map(({ EventType }) => EventType),
});

const methods = {
  status: async (client, { id, options }) => shown(await client.getStatus(id, options)),
  all: async (client) => (await client.getStatusAll()).map(({ instanceId }) => instanceId),
  by: async (client, { runtimeStatus, from }) =>
    (await client.getStatusBy({ runtimeStatus, createdTimeFrom: from && new Date(from) })).map(
      ({ instanceId }) => instanceId,
    ),
  raise: (client, { id, name, data }) => client.raiseEvent(id, name, data),
  terminate: (client, { id, reason }) => client.terminate(id, reason),
  suspend: (client, { id, reason }) => client.suspend(id, reason),
  resume: (client, { id, reason }) => client.resume(id, reason),
  rewind: (client, { id, reason }) => client.rewind(id, reason),
  purge: (client, { id }) => client.purgeInstanceHistory(id),
  purgeBy: (client, { from, runtimeStatus }) =>
    client.purgeInstanceHistoryBy({ createdTimeFrom: new Date(from), runtimeStatus }),
  signal: (client, { entity, key, operation, input }) =>
    client.signalEntity(new df.EntityId(entity, key), operation, input),
  read: async (client, { entity, key }) => ({ ...(await client.readEntityState(new df.EntityId(entity, key))) }),
  start: (client, { name, options }) => client.startNew(name, options),
  payload: (client, { id }) => client.createHttpManagementPayload(id),
  hub: (client) => client.taskHubName,
};

app.post('client', {
  route: 'client/{method:alpha}',
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    try {
      const result = await methods[request.params.method](client, await request.json());
      return { jsonBody: { result: result ?? null } };
    } catch (error) {
      return { status: 400, jsonBody: { error: error.message } };
    }
  },
});

df.app.client.http('wait', {
  route: 'wait/{name}',
  handler: async (request, client) => {
    const id = await client.startNew(request.params.name, { input: await request.json() });
    const timeout = Number(request.query.get('timeout') ?? 20_000);
    return client.waitForCompletionOrCreateCheckStatusResponse(request, id, {
      timeoutInMilliseconds: timeout,
      retryIntervalInMilliseconds: Math.min(100, timeout),
    });
  },
});

app.http('withoutClient', {
  handler: (request, context) => {
    try {
      df.getClient(context);
    } catch (error) {
      return { status: 500, body: error.message };
    }
  },
});
