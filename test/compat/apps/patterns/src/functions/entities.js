const df = require('durable-functions');

df.app.entity('Counter', (context) => {
  const count = context.df.getState(() => 0);
  switch (context.df.operationName) {
    case 'add':
      context.df.setState(count + context.df.getInput());
      break;
    case 'get':
      context.df.return(count);
      break;
    case 'reset':
      context.df.setState(0);
      break;
    case 'remove':
      context.df.destructOnExit();
      break;
    case 'fail':
      context.df.setState(1_000);
      throw new Error('no such luck');
  }
});

df.app.entity('Profile', {
  handler: async (context) => {
    const { df: entity } = context;
    const state = entity.getState(() => ({ names: [] }));
    await Promise.resolve();
    if (entity.operationName === 'look') return entity.return({ state, isNew: entity.isNewlyConstructed });
    if (entity.operationName === 'who')
      return entity.return([entity.entityName, entity.entityKey, String(entity.entityId), entity.operationName]);
    state.names.push(entity.getInput());
    if (entity.operationName === 'add') entity.setState(state); // else what was changed is a copy
    if (entity.operationName === 'tell') entity.signalEntity(new df.EntityId('Counter', entity.entityKey), 'add', 1);
  },
});

df.app.orchestration('counting', function* (context) {
  const id = new df.EntityId('Counter', context.df.instanceId);
  context.df.signalEntity(id, 'add', 2);
  context.df.signalEntity(new df.EntityId('counter', context.df.instanceId), 'add', 3);
  const five = yield context.df.callEntity(id, 'get');
  let told;
  try {
    yield context.df.callEntity(id, 'fail');
  } catch (error) {
    told = error.message;
  }
  const stillFive = yield context.df.callEntity(id, 'get');
  yield context.df.callEntity(id, 'remove');
  const gone = yield context.df.callEntity(new df.EntityId('Profile', 'x'), 'look');
  return { five, told, stillFive, gone };
});

df.app.orchestration('profiling', function* (context) {
  const id = new df.EntityId('Profile', context.df.instanceId);
  yield context.df.callEntity(id, 'add', 'Ada');
  yield context.df.callEntity(id, 'forget', 'Bob');
  yield context.df.callEntity(id, 'tell');
  const look = yield context.df.callEntity(id, 'look');
  const who = yield context.df.callEntity(id, 'who');
  return { look, who };
});

df.app.orchestration('locking', function* (context) {
  const [one, two, other] = ['one', 'two', 'other'].map(
    (key) => new df.EntityId('Counter', `${context.df.instanceId}-${key}`),
  );
  const refused = [];
  const attempt = (call) => {
    try {
      call();
    } catch (error) {
      refused.push([error instanceof df.LockingRulesViolationError || error.name, error.message]);
    }
  };
  attempt(() => context.df.lock());
  attempt(() => context.df.lock(['no entity']));
  const lock = yield context.df.lock(two, one, two);
  const state = context.df.isLocked();
  attempt(() => context.df.lock(other));
  attempt(() => context.df.callSubOrchestrator('child', 'x'));
  attempt(() => context.df.callEntity(other, 'get'));
  attempt(() => context.df.signalEntity(one, 'add', 1));
  yield context.df.callEntity(one, 'add', 10);
  const pending = context.df.callEntity(two, 'add', 20);
  attempt(() => context.df.callEntity(two, 'get'));
  yield pending;
  const sum = (yield context.df.callEntity(one, 'get')) + (yield context.df.callEntity(two, 'get'));
  lock.release();
  lock.release();
  return {
    refused,
    sum,
    owned: lock.ownedLocks.map((id) => id.key.replace(/^.*-/, '')),
    wasLocked: [state.isLocked, state.ownedLocks.length],
    isLocked: context.df.isLocked().isLocked,
  };
});
