// Each style in two halves, between which its host is killed.
const df = require('durable-functions');

const soon = (context, milliseconds) => new Date(context.df.currentUtcDateTime.getTime() + milliseconds);
const counter = (context, key) => new df.EntityId('Counter', `${context.df.instanceId}-${key}`);

/** What is waited for between the halves. */
function half(context) {
  context.df.setCustomStatus('half');
  return context.df.waitForExternalEvent('Go');
}

df.app.activity('early', {
  handler: ({ until }) => {
    if (Date.now() < until) throw new Error('too early');
    return 'late enough';
  },
});

df.app.orchestration('halfSequence', function* (context) {
  if (!context.df.isReplaying) context.log('the first half');
  const first = yield context.df.callActivity('hello', 'first');
  const go = yield half(context);
  if (!context.df.isReplaying) context.log('the second half');
  return [first, go, yield context.df.callActivity('hello', 'second')];
});

df.app.orchestration('halfFanOut', function* (context) {
  const tasks = [context.df.callActivity('double', 1), half(context), context.df.callActivity('double', 2)];
  const results = yield context.df.Task.all(tasks);
  return [...results, yield context.df.callActivity('double', 3)];
});

df.app.orchestration('halfChild', function* (context) {
  context.df.setCustomStatus('half');
  return yield context.df.callSubOrchestrator('halfSequence', undefined, `${context.df.instanceId}-child`);
});

df.app.orchestration('halfTimer', function* (context) {
  context.df.setCustomStatus('half');
  const due = soon(context, 4_000);
  yield context.df.createTimer(due);
  return context.df.currentUtcDateTime >= due;
});

df.app.orchestration('halfRace', function* (context) {
  const [event, timer] = [half(context), context.df.createTimer(soon(context, 600_000))];
  const winner = yield context.df.Task.any([event, timer]);
  timer.cancel();
  return [winner === event, event.result, timer.isCanceled];
});

df.app.orchestration('halfRetries', function* (context) {
  context.df.setCustomStatus('half');
  const until = soon(context, 4_000).getTime();
  return yield context.df.callActivityWithRetry('early', new df.RetryOptions(500, 100), { until });
});

df.app.orchestration('halfMonitor', function* (context) {
  context.df.setCustomStatus('half');
  const until = soon(context, 4_000).getTime();
  for (;;) {
    try {
      return yield context.df.callActivity('early', { until });
    } catch {
      yield context.df.createTimer(soon(context, 300));
    }
  }
});

df.app.orchestration('halfEntity', function* (context) {
  const id = counter(context, 'a');
  context.df.signalEntity(id, 'add', 1);
  yield context.df.callEntity(id, 'add', 2);
  yield half(context);
  yield context.df.callEntity(id, 'add', 4);
  return yield context.df.callEntity(id, 'get');
});

df.app.orchestration('halfLock', function* (context) {
  const [a, b] = [counter(context, 'a'), counter(context, 'b')];
  const lock = yield context.df.lock(a, b);
  yield context.df.callEntity(a, 'add', 1);
  yield half(context);
  yield context.df.callEntity(b, 'add', 2);
  const sum = (yield context.df.callEntity(a, 'get')) + (yield context.df.callEntity(b, 'get'));
  const { isLocked } = context.df.isLocked();
  lock.release();
  return [sum, isLocked, context.df.isLocked().isLocked];
});

df.app.orchestration('halfEternal', function* (context) {
  const rounds = context.df.getInput() ?? 3;
  if (rounds === 2) yield half(context);
  if (rounds === 0) return [context.df.newGuid(context.df.instanceId) !== '', 'over'];
  yield context.df.createTimer(soon(context, 5));
  context.df.continueAsNew(rounds - 1);
});

df.app.orchestration('halfEvents', function* (context) {
  const first = yield context.df.waitForExternalEvent('Number');
  const go = yield half(context);
  return [first, go, yield context.df.waitForExternalEvent('Number')];
});

df.app.orchestration('halfHttp', function* (context) {
  context.df.setCustomStatus('half');
  const { statusCode, content } = yield context.df.callHttp({ method: 'POST', url: context.df.getInput() });
  return [statusCode, content];
});
