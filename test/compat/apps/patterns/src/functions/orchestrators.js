const df = require('durable-functions');
const { hello } = require('./activities');

const soon = (context, milliseconds) => new Date(context.df.currentUtcDateTime.getTime() + milliseconds);

df.app.orchestration('fanOutFanIn', function* (context) {
  const numbers = yield context.df.callActivity('numbers', context.df.getInput());
  const tasks = numbers.map((number) => context.df.callActivity('double', number));
  const doubled = yield context.df.Task.all(tasks);
  return {
    sum: doubled.reduce((sum, number) => sum + number, 0),
    first: tasks[0].result,
    isCompleted: tasks[0].isCompleted,
  };
});

const child = df.app.orchestration('child', function* (context) {
  const greeting = yield hello(context.df.getInput());
  return { greeting, parent: context.df.parentInstanceId };
});

df.app.orchestration('parent', function* (context) {
  const first = yield context.df.callSubOrchestrator('child', 'Oslo', `${context.df.instanceId}-a`);
  const second = yield child('Rome');
  const third = yield child('Bern').withRetry(new df.RetryOptions(10, 2));
  const fourth = yield context.df.callSubOrchestratorWithRetry('child', new df.RetryOptions(10, 2), 'Kyiv');
  return {
    greetings: [first, second, third, fourth].map(({ greeting }) => greeting),
    areMine: [first, second, third, fourth].every(({ parent }) => parent === context.df.instanceId),
  };
});

df.app.orchestration('failingChild', function* (context) {
  yield context.df.callActivity('fail', 'nothing left');
});

df.app.orchestration('failingParent', function* (context) {
  try {
    yield context.df.callSubOrchestrator('failingChild');
  } catch (error) {
    return {
      isTaskFailed: error instanceof df.TaskFailedError,
      taskName: error.taskName,
      errorType: error.failureDetails.errorType,
    };
  }
});

df.app.orchestration('failing', function* (context) {
  yield context.df.callActivity('fail', 'nothing left');
});

df.app.orchestration('catching', function* (context) {
  const task = context.df.callActivity('fail', 'nothing left');
  try {
    yield task;
  } catch (error) {
    const { failureDetails } = error;
    return {
      name: error.name,
      message: error.message,
      taskName: error.taskName,
      errorType: failureDetails.errorType,
      errorMessage: failureDetails.errorMessage,
      properties: failureDetails.properties,
      isNonRetriable: failureDetails.isNonRetriable,
      isFaulted: task.isFaulted,
      isCompleted: task.isCompleted,
      isResult: task.result === error,
    };
  }
});

df.app.orchestration('oneOfManyFails', function* (context) {
  const tasks = [context.df.callActivity('fail', 'nothing left'), context.df.callActivity('double', 4)];
  try {
    yield context.df.Task.all(tasks);
  } catch (error) {
    return [error instanceof df.TaskFailedError, error.message, yield tasks[1]];
  }
});

df.app.orchestration('monitor', function* (context) {
  const { key, times } = context.df.getInput();
  const deadline = soon(context, 60_000);
  for (let polls = 1; context.df.currentUtcDateTime < deadline; polls++) {
    context.df.setCustomStatus({ polls });
    const state = yield context.df.callActivity('echo', polls < times ? 'busy' : 'idle');
    if (state === 'idle') return { key, polls };
    yield context.df.createTimer(soon(context, 30));
  }
});

df.app.orchestration('approval', function* (context) {
  const limit = context.df.getInput()?.limit ?? 60_000;
  const answer = context.df.waitForExternalEvent('Approval');
  const timeout = context.df.createTimer(soon(context, limit));
  const winner = yield context.df.Task.any([answer, timeout]);
  if (winner === timeout) {
    try {
      timeout.cancel();
    } catch (error) {
      return { outcome: 'escalated', told: error.message, event: answer.result ?? null };
    }
  }
  timeout.cancel();
  return { outcome: answer.result.approved ? 'approved' : 'refused', canceled: timeout.isCanceled };
});

df.app.orchestration('events', function* (context) {
  const first = yield context.df.waitForExternalEvent('Number');
  const second = yield context.df.waitForExternalEvent('number');
  return [first, second];
});

df.app.orchestration('retries', function* (context) {
  const key = context.df.instanceId;
  const retry = new df.RetryOptions(10, 3);
  retry.backoffCoefficient = 2;
  retry.maxRetryIntervalInMilliseconds = 50;
  const third = yield context.df.callActivityWithRetry('flaky', retry, { key, times: 3 });
  try {
    yield context.df.callActivityWithRetry('flaky', new df.RetryOptions(10, 2), { key: `${key}-b`, times: 9 });
  } catch (error) {
    return { third, last: error.failureDetails.errorMessage };
  }
});

df.app.orchestration('retryBuilder', function* (context) {
  const call = hello('Oslo');
  yield call;
  try {
    call.withRetry(new df.RetryOptions(10, 2));
  } catch (error) {
    return error.message;
  }
});

df.app.orchestration('eternal', function* (context) {
  const { rounds, seen } = context.df.getInput();
  const next = [...seen, rounds];
  yield context.df.createTimer(soon(context, 5));
  if (rounds > 1) {
    context.df.continueAsNew({ rounds: rounds - 1, seen: next });
    yield context.df.callActivity('fail', 'never asked for');
  }
  return next;
});

df.app.orchestration('identity', function* (context) {
  const before = { guid: context.df.newGuid(context.df.instanceId), now: context.df.currentUtcDateTime.toISOString() };
  const { instanceId } = yield context.df.callActivity('describe');
  return {
    isOwnId: instanceId === context.df.instanceId,
    guid: /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(before.guid),
    isOther: context.df.newGuid(context.df.instanceId) !== before.guid,
    goesOn: context.df.currentUtcDateTime.toISOString() >= before.now,
    isReplaying: context.df.isReplaying,
    hasParent: context.df.parentInstanceId !== undefined,
  };
});

df.app.orchestration('values', function* (context) {
  const input = context.df.getInput();
  const inputs = [0, '', false, null, { at: new Date(0), left: undefined, not: Number.NaN }];
  const echoes = [];
  for (const value of inputs) echoes.push(yield context.df.callActivity('echo', value));
  const nothing = yield context.df.callActivity('echo');
  return { input, echoes, nothing: nothing ?? null };
});

df.app.orchestration('notATask', function* (context) {
  yield context.df.setCustomStatus('about to yield nothing');
});

df.app.orchestration('neverYielded', function* (context) {
  context.df.callActivity('fail', 'never asked for');
  context.df.createTimer(soon(context, 3_600_000));
  return 'done';
});

df.app.orchestration('emptyAll', function* (context) {
  try {
    yield context.df.Task.all([]);
  } catch (error) {
    return error.message;
  }
});

df.app.orchestration('waitsLong', function* (context) {
  context.df.setCustomStatus({ stage: 'waiting' });
  return yield context.df.waitForExternalEvent('Go');
});

// For a worker that is killed in the middle.
df.app.orchestration('longRunning', function* (context) {
  const results = [];
  for (let step = 0; step < 3; step++) results.push(yield context.df.callActivity('hello', `step ${step}`));
  const go = yield context.df.waitForExternalEvent('Go');
  const counter = new df.EntityId('Counter', context.df.instanceId);
  context.df.signalEntity(counter, 'add', 5);
  results.push(yield context.df.callEntity(counter, 'get'), go);
  for (let step = 3; step < 6; step++) results.push(yield context.df.callActivity('hello', `step ${step}`));
  return results;
});

// What it calls are decorated classes in another process of the same hub.
df.app.orchestration('mixed', function* (context) {
  const name = context.df.getInput();
  const wished = yield context.df.callActivity('wish', { name, what: 'luck' });
  const ledger = new df.EntityId('ledger', name);
  yield context.df.callEntity(ledger, 'book', { amount: 5 });
  const total = yield context.df.callEntity(ledger, 'total');
  const child = yield context.df.callSubOrchestrator('decoratedGreeting', name);
  let refused;
  try {
    yield context.df.callEntity(ledger, 'book', { amount: 'much' });
  } catch (error) {
    refused = error.message;
  }
  return { wished, total, child, refused };
});

// Fails once.
df.app.orchestration('unlucky', function* (context) {
  const first = yield hello('first');
  const attempt = yield context.df.callActivity('flaky', { key: context.df.instanceId, times: 2 });
  return [first, attempt];
});
