import { ActivityHandler, OrchestrationContext, OrchestrationHandler, RetryOptions } from 'durable-functions';
import * as df from 'durable-functions';
import { InvocationContext } from '@azure/functions';

interface Order {
  readonly article: string;
  readonly pieces: number;
}

const price: ActivityHandler = (article: string): number => article.length;
const priced = df.app.activity('price', { handler: price });

const reserved: df.RegisteredActivity = df.app.activity('reserve', {
  handler: async (order: Order, context: InvocationContext): Promise<string> => {
    context.trace('reserve', order.article);
    if (order.pieces > 100) throw new RangeError(`${order.pieces} are too many`);
    return `${order.pieces} ${order.article}`;
  },
});

const retry = new RetryOptions(10, 2);
retry.backoffCoefficient = 1.5;
retry.maxRetryIntervalInMilliseconds = 100;
retry.retryTimeoutInMilliseconds = 10_000;

const orderOrchestrator: OrchestrationHandler = function* (context: OrchestrationContext) {
  const order: Order = context.df.getInput();
  const other = context.df.getInput<Order>();
  const tasks: df.Task[] = [priced(order.article), reserved(order).withRetry(retry)];
  const timer: df.TimerTask = context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 60_000));
  const all = context.df.Task.all(tasks);
  const winner: df.Task = yield context.df.Task.any([all, timer]);
  if (winner === timer) throw new Error('too late');
  if (!timer.isCompleted) timer.cancel();
  if (all.isFaulted) yield all; // throws what it failed with
  const [unit, what] = all.result as [number, string];
  context.df.setCustomStatus({ reserved: what });
  context.log(context.df.instanceId, context.df.isReplaying, context.df.parentInstanceId, context.df.version);
  const stock = new df.EntityId('Stock', order.article);
  context.df.signalEntity(stock, 'take', order.pieces);
  const left: number = yield context.df.callEntity(stock, 'left');
  return { what, price: unit * other.pieces, left };
};
const ordering: df.RegisteredOrchestration = df.app.orchestration('order', orderOrchestrator);

df.app.orchestration('twoOrders', {
  handler: function* (context) {
    const first: df.RegisteredOrchestrationTask = ordering(
      { article: 'nails', pieces: 2 },
      `${context.df.instanceId}-1`,
    );
    const done = yield first;
    try {
      yield context.df.callSubOrchestratorWithRetry('order', retry, { article: 'nails', pieces: 101 });
    } catch (error) {
      if (!(error instanceof df.TaskFailedError)) throw error;
      const details: df.FailureDetails = error.failureDetails;
      return { done, refused: details.errorType };
    }
    return undefined;
  },
});

df.app.orchestration('locked', function* (context: OrchestrationContext) {
  const stock = new df.EntityId('Stock', context.df.newGuid(context.df.instanceId));
  {
    const lock: df.DurableLock = yield context.df.lock(stock);
    yield context.df.callEntity(stock, 'take', 1);
    lock.release();
  }
  const state: df.LockState = context.df.isLocked();
  const token = new df.ManagedIdentityTokenSource('https://management.core.windows.net');
  if (state.isLocked) yield context.df.callHttp({ method: 'GET', url: 'http://localhost', tokenSource: token });
  return state.ownedLocks.length;
});
