const df = require('durable-functions');
const { app } = require('@azure/functions');

app.post('startShouting', {
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    return client.createCheckStatusResponse(
      request,
      await client.startNew('shouting', { input: await request.text() }),
    );
  },
});
