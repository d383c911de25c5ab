import test from 'ava';
import { Account, Amount, completed, failureOf, Greetings, play, start, Transfer, waiting } from './surroundings.js';

// ---- proxies and other instances -----------------------------------------------------------------------------------

test('entities, activities and sub-orchestrators are called by class, by type and by name', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.all([
      ctx.callEntity(Account, 'a').deposit({ amount: 5 }),
      ctx.callEntity('account', 'a', 'deposit', Object.assign(new Amount(), { amount: 5 })),
      ctx.callActivity<Greetings>().hello('Oslo'),
      ctx.callActivity('hello', 'Oslo'),
      ctx.callSubOrchestrator(Transfer, { amount: 1 }),
      ctx.callSubOrchestrator('transfer', { amount: 1 }, { instanceId: 'mine' }),
    ]);
  });
  const deposit = { entity: { name: 'account', key: 'a' }, operation: 'deposit', input: { amount: 5 } };
  const transfer = { type: 'SubOrchestrationInstanceCreated', name: 'transfer', input: { amount: 1 } } as const;
  t.deepEqual(s.start().actions, [
    { type: 'EntityOperationCalled', id: 0, ...deposit },
    { type: 'EntityOperationCalled', id: 1, ...deposit },
    { type: 'TaskScheduled', id: 2, name: 'hello', input: 'Oslo' },
    { type: 'TaskScheduled', id: 3, name: 'hello', input: 'Oslo' },
    { ...transfer, id: 4, instanceId: 'execution:0004' },
    { ...transfer, id: 5, instanceId: 'mine' },
  ]);
});

test('a signal may be sent later: its time is recorded, and one that is none is refused', (t) => {
  const turn = play((ctx) => {
    ctx.signalEntity(Account, 'a', { signalAt: 1_500 }).deposit({ amount: 1 });
    ctx.signalEntity('account', 'a', 'balance', undefined, { signalAt: new Date(7) });
    ctx.signalEntity('account', 'a', 'balance', undefined, {});
    for (const signalAt of [-1, NaN, Infinity, new Date(NaN), null as unknown as Date])
      t.throws(() => ctx.signalEntity(Account, 'a', { signalAt }), { code: 'PERDURE_INVALID_TIME' }, String(signalAt));
    return ctx.currentUtcDateTime.getTime();
  }).start();
  const now = turn.completion?.type === 'Completed' ? Number(turn.completion.output) : NaN;
  const signal = { type: 'EntityOperationSignaled', entity: { name: 'account', key: 'a' } } as const;
  t.deepEqual(turn.actions, [
    { ...signal, id: 0, operation: 'deposit', input: { amount: 1 }, fireAt: now + 1_500 },
    { ...signal, id: 1, operation: 'balance', fireAt: 7 },
    { ...signal, id: 2, operation: 'balance' },
  ]);
});

test('a failed operation throws EntityOperationFailedError', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.callEntity(Account, 'a').deposit({ amount: 5 });
  });
  s.start();
  const failure = failureOf(s.failOperation(0, new Error('closed')));
  t.is(failure?.code, 'PERDURE_ENTITY_OPERATION_FAILED');
  t.is(failure?.message, 'account.deposit failed: closed');
});

test('an undecorated or unknown method is refused before anything is recorded', (t) => {
  for (const [call, code, text] of [
    ['audit', 'PERDURE_UNKNOWN_OPERATION', 'add @Operation()'],
    ['constructor', 'PERDURE_UNKNOWN_OPERATION', 'it has: deposit, balance'],
    ['toString', 'PERDURE_UNKNOWN_OPERATION', 'it has: deposit, balance'],
  ] as const) {
    const turn = play((ctx) =>
      (ctx.callEntity(Account, 'a') as unknown as Record<string, () => void>)[call]?.(),
    ).start();
    t.is(failureOf(turn)?.code, code);
    t.true(failureOf(turn)?.message.includes(text));
    t.deepEqual(turn.actions, []);
  }
  const turn = play((ctx) => ctx.callActivity(Greetings).forgotten()).start();
  t.is(failureOf(turn)?.code, 'PERDURE_UNKNOWN_ACTIVITY');
  t.true(failureOf(turn)?.message.includes('add @Activity()'));
});

test('row 26: what Perdure itself asks of an entity is no operation of an orchestrator, also not in a transaction', (t) => {
  for (const name of ['#delete', '#x']) {
    const called = play((ctx) => ctx.callEntity('account', 'a', name)).start();
    const signaled = play((ctx) => ctx.signalEntity('account', 'a', name)).start();
    for (const turn of [called, signaled]) {
      t.is(failureOf(turn)?.code, 'PERDURE_UNKNOWN_OPERATION', name);
      t.deepEqual(turn.actions, []);
    }
    const s = play((ctx) =>
      ctx.transaction([['account', 'a']], function* (account) {
        yield* account(name);
      }),
    );
    s.start();
    const turn = s.grantLock(0, [1]);
    t.is(failureOf(turn)?.code, 'PERDURE_UNKNOWN_OPERATION', `in a transaction: ${name}`);
    t.false(turn.actions.some(({ type }) => type === 'EntityOperationCalled'));
  }
});

test('a proxy is no thenable and has no symbols', (t) => {
  const s = play((ctx) => {
    const proxy = ctx.callEntity(Account, 'a') as unknown as Record<string | symbol, unknown>;
    return [typeof proxy['then'], typeof proxy[Symbol.iterator], typeof proxy[Symbol.toPrimitive]];
  });
  t.deepEqual(s.start(), completed(['undefined', 'undefined', 'undefined']));
});

test('events are sent to other instances', (t) => {
  const s = play((ctx) => ctx.sendEvent('other', 'Approved', { by: 'me' }));
  t.deepEqual(s.start().actions, [
    { type: 'EventSent', id: 0, instanceId: 'other', name: 'Approved', input: { by: 'me' } },
  ]);
});

test("a new orchestration is started one-way: its id is known at once, and its end is nobody's business", (t) => {
  const s = play((ctx) => [
    ctx.startNew(Transfer, { amount: 1 }),
    ctx.startNew('transfer', { amount: 2 }, { instanceId: 'mine' }),
    ctx.startNew('transfer'),
  ]);
  const sent = { type: 'OrchestrationStartSent', name: 'transfer' } as const;
  t.deepEqual(s.start(), {
    actions: [
      { ...sent, id: 0, instanceId: 'execution:0000', input: { amount: 1 } },
      { ...sent, id: 1, instanceId: 'mine', input: { amount: 2 } },
      { ...sent, id: 2, instanceId: 'execution:0002' },
    ],
    completion: { type: 'Completed', output: ['execution:0000', 'mine', 'execution:0002'] },
  });
});

test('a new orchestration may begin later: its time is recorded', (t) => {
  const turn = play((ctx) => {
    ctx.startNew('transfer', 1, { instanceId: 'soon', startAt: 1_500 });
    ctx.startNew('transfer', 2, { instanceId: 'past', startAt: new Date(7) });
    return ctx.currentUtcDateTime.getTime();
  }).start();
  const now = turn.completion?.type === 'Completed' ? Number(turn.completion.output) : NaN;
  const sent = { type: 'OrchestrationStartSent', name: 'transfer' } as const;
  t.deepEqual(turn.actions, [
    { ...sent, id: 0, instanceId: 'soon', input: 1, startAt: now + 1_500 },
    { ...sent, id: 1, instanceId: 'past', input: 2, startAt: 7 },
  ]);
});

test('a new orchestration with an id, a name or a time that is none is refused, and nothing is recorded', (t) => {
  for (const [turn, code] of [
    [play((ctx) => ctx.startNew('transfer', 1, { instanceId: '' })).start(), 'PERDURE_INVALID_ID'],
    [play((ctx) => ctx.startNew('')).start(), 'PERDURE_INVALID_NAME'],
    [play((ctx) => ctx.startNew('transfer', 1, { startAt: -1 })).start(), 'PERDURE_INVALID_TIME'],
  ] as const) {
    t.is(failureOf(turn)?.code, code);
    t.deepEqual(turn.actions, []);
  }
});

// ---- what the context knows ----------------------------------------------------------------------------------------

test('the context knows its instance, its execution, its parent and the time of the event', (t) => {
  const s = play(
    function* (ctx) {
      const before = ctx.currentUtcDateTime.getTime();
      yield* ctx.callActivity('a');
      return [ctx.instanceId, ctx.executionId, ctx.parentInstanceId, ctx.currentUtcDateTime.getTime() - before];
    },
    { instanceId: 'me', executionId: 'x', parent: { instanceId: 'mum', executionId: 'y', taskId: 0 } },
  );
  s.start();
  t.deepEqual(s.elapse(500).completeTask(0), completed(['me', 'x', 'mum', 500]));
});

test('time never goes back', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.callActivity('a');
    return ctx.currentUtcDateTime.getTime();
  });
  s.start();
  t.deepEqual(s.elapse(-60_000).completeTask(0), completed(start));
});

test('guids are the same on every replay and new at every call, in every execution and in every instance', (t) => {
  const guids = (instanceId: string, executionId: string) => {
    const { completion } = play((ctx) => [ctx.newGuid(), ctx.newGuid()], { instanceId, executionId }).start();
    return completion?.type === 'Completed' ? (completion.output as string[]) : [];
  };
  const all = [...guids('a', 'x'), ...guids('a', 'y'), ...guids('b', 'x')];
  t.is(new Set(all).size, 6);
  for (const guid of all) t.regex(guid, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  t.deepEqual(guids('a', 'x'), all.slice(0, 2));
  t.deepEqual(guids('b', 'x'), all.slice(4));
});

test('the custom status is told when it changed, the last of a turn, and null when cleared', (t) => {
  const s = play(function* (ctx) {
    ctx.setCustomStatus('first');
    ctx.setCustomStatus({ done: 1 });
    yield* ctx.callActivity('a');
    ctx.setCustomStatus({ done: 1 });
    yield* ctx.callActivity('b');
    ctx.setCustomStatus(undefined);
    return ctx.customStatus;
  });
  t.deepEqual(s.start().customStatus, { done: 1 });
  t.false('customStatus' in s.completeTask(0));
  t.is(s.completeTask(1).customStatus, null);
});

test('a custom status of more than 16,384 characters of JSON is refused, and says so in characters', (t) => {
  const s = play(function (ctx) {
    ctx.setCustomStatus('ä'.repeat(16_382));
    ctx.setCustomStatus('ä'.repeat(16_383));
  });
  const failure = failureOf(s.start());
  t.is(failure?.code, 'PERDURE_PAYLOAD_TOO_LARGE');
  t.regex(failure?.message ?? '', /^The custom status is too large: 16385 > 16384 characters\./);
});

// ---- continueAsNew -------------------------------------------------------------------------------------------------

test('continueAsNew ends the execution with the last input, actions and unseen events in order of arrival', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.waitForExternalEvent('go');
    ctx.waitForExternalEvent('b'); // takes the event but nobody looks at it
    ctx.signalEntity(Account, 'a').deposit({ amount: 1 });
    ctx.continueAsNew(1);
    ctx.continueAsNew({ n: 2 });
    return 'ignored';
  });
  s.start();
  for (const name of ['a', 'b', 'B', 'c']) s.raiseEvent(name, name);
  const turn = s.raiseEvent('GO');
  t.is(turn.actions.length, 1);
  t.deepEqual(turn.completion, {
    type: 'ContinuedAsNew',
    input: { n: 2 },
    carriedEvents: ['a', 'b', 'B', 'c'].map((name) => ({ type: 'EventRaised', at: start, name, input: name })),
  });
  t.deepEqual(s.raiseEvent('late'), waiting);
});

test('continueAsNew keeps no events when it is told so', (t) => {
  const s = play(function* (ctx) {
    ctx.waitForExternalEvent('b');
    yield* ctx.waitForExternalEvent('go');
    ctx.continueAsNew(0, { keepEvents: true });
    ctx.continueAsNew(1, { keepEvents: false });
  });
  s.start();
  for (const name of ['a', 'b']) s.raiseEvent(name);
  t.deepEqual(s.raiseEvent('go').completion, { type: 'ContinuedAsNew', input: 1, carriedEvents: [] });
});

test('falsy inputs of the next execution survive', (t) => {
  for (const input of [0, '', false, null]) {
    const { completion } = play((ctx) => ctx.continueAsNew(input)).start();
    t.deepEqual(completion, { type: 'ContinuedAsNew', input, carriedEvents: [] });
  }
});

test('a throw after continueAsNew fails the instance', (t) => {
  const s = play((ctx) => {
    ctx.continueAsNew();
    throw new Error('after all');
  });
  t.is(s.start().completion?.type, 'Failed');
});
