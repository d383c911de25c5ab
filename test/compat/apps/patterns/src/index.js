const df = require('durable-functions');

df.app.client.http('start', {
  route: 'orchestrators/{name}/{instanceId?}',
  methods: ['POST'],
  handler: async (request, client) => {
    const { name, instanceId } = request.params;
    const text = await request.text();
    const id = await client.startNew(name, { instanceId, input: text === '' ? undefined : JSON.parse(text) });
    return client.createCheckStatusResponse(request, id);
  },
});
