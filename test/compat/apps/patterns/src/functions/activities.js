const df = require('durable-functions');

const attempts = new Map();

exports.hello = df.app.activity('hello', { handler: (name) => `Hello, ${name}!` });

df.app.activity('double', { handler: async (number) => number * 2 });
df.app.activity('numbers', { handler: (count) => Array.from({ length: count }, (_, at) => at + 1) });
df.app.activity('echo', { handler: (input) => input });
df.app.activity('describe', {
  handler: (input, context) => ({
    name: context.functionName,
    hasInput: input !== undefined,
    instanceId: context.triggerMetadata.instanceId,
  }),
});

class OutOfStock extends Error {
  constructor(message, article) {
    super(message);
    this.name = 'OutOfStock';
    this.article = article;
  }
}

df.app.setExceptionPropertiesProvider({
  getExceptionProperties: (error) => (error instanceof OutOfStock ? { warehouse: 'Oslo' } : undefined),
});

df.app.activity('fail', {
  handler: (message) => {
    throw new OutOfStock(message, 7);
  },
});

// Fails until it was tried so often.
df.app.activity('flaky', {
  handler: ({ key, times }) => {
    const attempt = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, attempt);
    if (attempt < times) throw new Error(`attempt ${attempt}`);
    return attempt;
  },
});
