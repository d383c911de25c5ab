import { app, HttpHandler, HttpRequest, HttpResponse, InvocationContext, output } from '@azure/functions';
import * as df from 'durable-functions';
import { ActivityHandler, OrchestrationContext, OrchestrationHandler } from 'durable-functions';

const activityName = 'hello';

const helloOrchestrator: OrchestrationHandler = function* (context: OrchestrationContext) {
  const outputs = [];
  outputs.push(yield context.df.callActivity(activityName, 'Tokyo'));
  outputs.push(yield context.df.callActivity(activityName, 'Seattle'));
  outputs.push(yield context.df.callActivity(activityName, 'Cairo'));
  return outputs;
};
df.app.orchestration('helloOrchestrator', helloOrchestrator);

const hello: ActivityHandler = (input: string): string => `Hello, ${input}`;
df.app.activity(activityName, { handler: hello });

const helloHttpStart: HttpHandler = async (request: HttpRequest, context: InvocationContext): Promise<HttpResponse> => {
  const client = df.getClient(context);
  const instanceId: string = await client.startNew('helloOrchestrator', { input: await request.text() });
  context.log(`Started orchestration with ID = '${instanceId}'.`);
  return client.createCheckStatusResponse(request, instanceId);
};
app.http('helloHttpStart', {
  route: 'hello',
  methods: ['POST'],
  extraInputs: [df.input.durableClient()],
  handler: helloHttpStart,
});

const size = df.app.activity('size', { handler: (word: string): number => word.length });
df.app.activity('words', { handler: (text: string): string[] => text.split(' ') });

df.app.orchestration('fanOutFanIn', function* (context: OrchestrationContext) {
  const words: string[] = yield context.df.callActivity('words', context.df.getInput<string>());
  const tasks: df.Task[] = words.map((word) => size(word));
  const sizes: number[] = yield context.df.Task.all(tasks);
  return sizes.reduce((sum, one) => sum + one, 0);
});

df.app.orchestration('parent', function* (context: OrchestrationContext) {
  const first: number = yield context.df.callSubOrchestrator('fanOutFanIn', 'a bc', `${context.df.instanceId}-child`);
  const second: number = yield context.df.callSubOrchestrator('fanOutFanIn', 'def');
  return [first, second];
});

const soon = (context: OrchestrationContext, milliseconds: number): Date =>
  new Date(context.df.currentUtcDateTime.getTime() + milliseconds);

df.app.orchestration('monitor', function* (context: OrchestrationContext) {
  const { polls } = context.df.getInput<{ polls: number }>();
  const expires = soon(context, 60_000);
  for (let poll = 1; context.df.currentUtcDateTime < expires; poll++) {
    const state: string = yield context.df.callActivity('poll', { poll, polls });
    context.df.setCustomStatus(state);
    if (state === 'done') return poll;
    yield context.df.createTimer(soon(context, 20));
  }
  return 'expired';
});
df.app.activity('poll', {
  handler: ({ poll, polls }: { poll: number; polls: number }): string => (poll < polls ? 'busy' : 'done'),
});

df.app.orchestration('approval', function* (context: OrchestrationContext) {
  const limit: number = context.df.getInput();
  const approved: df.Task = context.df.waitForExternalEvent('ApprovalEvent');
  const timeout: df.TimerTask = context.df.createTimer(soon(context, limit));
  const winner: df.Task = yield context.df.Task.any([approved, timeout]);
  if (winner !== approved) return 'escalated';
  timeout.cancel();
  return [approved.result, timeout.isCanceled];
});

interface CounterState {
  count: number;
}

df.app.entity<CounterState>('Counter', (context: df.EntityContext<CounterState>) => {
  const state = context.df.getState(() => ({ count: 0 })) ?? { count: 0 };
  switch (context.df.operationName) {
    case 'add':
      state.count += context.df.getInput<number>() ?? 0;
      context.df.setState(state);
      break;
    case 'get':
      context.df.return(state.count);
      break;
    case 'reset':
      context.df.destructOnExit();
      break;
  }
});

df.app.orchestration('counting', function* (context: OrchestrationContext) {
  const id = new df.EntityId('Counter', context.df.instanceId);
  context.df.signalEntity(id, 'add', 2);
  yield context.df.callEntity(id, 'add', 3);
  const before: number = yield context.df.callEntity(id, 'get');
  yield context.df.callEntity(id, 'reset');
  const after: number = yield context.df.callEntity(id, 'get');
  return [before, after, String(id)];
});

df.app.orchestration('transfer', function* (context: OrchestrationContext) {
  const [from, to] = ['from', 'to'].map((key) => new df.EntityId('Counter', `${context.df.instanceId}-${key}`));
  const lock: df.DurableLock = yield context.df.lock(from!, to!);
  yield context.df.callEntity(from!, 'add', -10);
  yield context.df.callEntity(to!, 'add', 10);
  const both: number[] = [yield context.df.callEntity(from!, 'get'), yield context.df.callEntity(to!, 'get')];
  lock.release();
  return [both, lock.ownedLocks.length, context.df.isLocked().isLocked];
});

const attempts = new Map<string, number>();
df.app.activity('flaky', {
  handler: (key: string): number => {
    const attempt = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, attempt);
    if (attempt < 3) throw new Error(`attempt ${attempt}`);
    return attempt;
  },
});

df.app.orchestration('retries', function* (context: OrchestrationContext) {
  const retryOptions = new df.RetryOptions(10, 3);
  const attempt: number = yield context.df.callActivityWithRetry('flaky', retryOptions, `${context.df.instanceId}-a`);
  try {
    yield context.df.callActivityWithRetry('flaky', new df.RetryOptions(10, 2), `${context.df.instanceId}-b`);
  } catch (error) {
    return [attempt, (error as df.TaskFailedError).failureDetails.errorMessage];
  }
  return undefined;
});

df.app.orchestration('eternal', function* (context: OrchestrationContext) {
  const rounds: number = context.df.getInput();
  yield context.df.createTimer(soon(context, 5));
  if (rounds === 0) return 'the last round';
  context.df.continueAsNew(rounds - 1);
  return undefined;
});

df.app.orchestration('calling', function* (context: OrchestrationContext) {
  const url: string = context.df.getInput();
  const response: { statusCode: number; content: string } = yield context.df.callHttp({ method: 'POST', url });
  return [response.statusCode, response.content];
});

const results = output.storageQueue({ queueName: 'results', connection: 'AzureWebJobsStorage' });
df.app.client.storageQueue('queueStart', {
  queueName: 'starts',
  connection: 'AzureWebJobsStorage',
  return: results,
  handler: async (message: unknown, client: df.DurableClient, context: InvocationContext): Promise<string> => {
    context.log(context.triggerMetadata?.dequeueCount);
    return client.startNew('fanOutFanIn', { instanceId: 'from-a-queue', input: message });
  },
});
df.app.client.generic('anyStart', {
  trigger: { type: 'queueTrigger', name: 'queueEntry', queueName: 'others', connection: 'AzureWebJobsStorage' },
  handler: (entry: { input: string }, client: df.DurableClient) =>
    client.startNew('fanOutFanIn', { instanceId: 'from-any', input: entry.input }),
});
app.post('enqueue', {
  route: 'enqueue',
  extraOutputs: [
    output.storageQueue({ queueName: 'starts', connection: 'AzureWebJobsStorage' }),
    output.generic({ type: 'queue', name: 'others', queueName: 'others' }),
  ],
  handler: async (request, context) => {
    context.extraOutputs.set(context.options.extraOutputs[0]!, await request.text());
    context.extraOutputs.set('others', { input: 'one two three' });
    return { status: 202 };
  },
});
app.storageQueue<string>('collect', {
  queueName: 'results',
  connection: 'AzureWebJobsStorage',
  handler: (id: string, context: InvocationContext): void => context.info('collected', id),
});
