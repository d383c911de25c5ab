import test from 'ava';
import { OrchestrationContext, type Orchestration, type TaskFailedError } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { orchestrationAddress } from '../../lib/wire/addresses.js';
import type { Message } from '../../lib/wire/messages.js';
import { ask, hostOf, MemoryWorker, recordingLogger, surroundings, text } from './surroundings.js';

const LIMIT = 100_000;
/** Of a timer that is canceled at once: nobody has to do anything for it. */
const EVENTS_OF_TIMER = 2;

/** Makes so many events in one turn, and then so many as each event tells it, until it is told to stop. */
@Orchestrator('busy')
class Busy {
  @Run({ input: Number }) *run(first: number, context: OrchestrationContext): Orchestration<string> {
    for (let count = first; count >= 0; count = yield* context.waitForExternalEvent<number>('more'))
      for (let left = count; left > 0; left -= EVENTS_OF_TIMER) context.createTimer(3_600_000).cancel();
    return 'stopped';
  }
}

/** Waits for one that is too busy. */
@Orchestrator('boss')
class Boss {
  @Run({ input: Number }) *run(count: number, context: OrchestrationContext): Orchestration<string> {
    try {
      return yield* context.callSubOrchestrator<string>('busy', count, { instanceId: 'child' });
    } catch (error) {
      return (error as TaskFailedError).failureDetails.code ?? 'no code';
    }
  }
}

/** Begins anew before its history is too long. */
@Orchestrator('prudent')
class Prudent {
  @Run({ input: Number }) run(left: number, context: OrchestrationContext): string {
    for (let count = 0; count < 30_000; count += EVENTS_OF_TIMER) context.createTimer(3_600_000).cancel();
    if (left > 0) context.continueAsNew(left - 1);
    return 'all done';
  }
}

async function stage() {
  const around = surroundings(1);
  const { hub, client, settle, advance } = around;
  const lines: string[] = [];
  const logger = recordingLogger(lines);
  const host = hostOf({ orchestrators: [Busy, Boss, Prudent] });
  const worker = new MemoryWorker(hub, 'w', host, {}, logger);
  await settle(worker.claim());
  const send = async (message: Message, instanceId = 'b') => {
    await settle(client.send(orchestrationAddress(instanceId), message));
    await advance(1_000);
  };
  return {
    ...around,
    lines,
    worker,
    send,
    /** One event comes, and the code makes so many more. */
    more: (count: number) => send({ kind: 'event', name: 'more', input: count }),
    status: async (instanceId = 'b') => {
      const [answer] = await ask(around, orchestrationAddress(instanceId), { kind: 'status', instanceId });
      return answer?.kind === 'status' ? answer.status : undefined;
    },
  };
}

test('a history is told once when it has 80,000 events, and its execution fails at 100,000, to be seen by all who wait', async (t) => {
  const { client, lines, send, more, status, settle } = await stage();
  const told: string[] = [];
  client.ports.bus.subscribe('_INBOX.end', (body) => void told.push(text.decode(body)));
  await send({ kind: 'start', name: 'busy', input: 79_996, notify: '_INBOX.end' });
  await more(0);
  await more(0);
  t.like(await status(), { runtimeStatus: 'Running', historyLength: 79_999 });
  t.deepEqual(lines, []);
  await more(0);
  t.is((await status())?.historyLength, 80_000);
  t.is(lines.length, 1);
  t.regex(lines[0]!, /^o\.b: .*80000 history events.*100000.*continueAsNew.*"instanceId":"b"/);
  await more(19_998);
  t.like(await status(), { runtimeStatus: 'Running', historyLength: 99_999 });
  await more(0);
  t.like(await status(), { runtimeStatus: 'Running', historyLength: LIMIT });
  t.deepEqual(told, []);
  await more(0);
  const end = await status();
  t.like(end, { runtimeStatus: 'Failed', historyLength: LIMIT + 1, failure: { code: 'PERDURE_HISTORY_TOO_LONG' } });
  t.regex(end!.failure!.message, /would have 100001 events; one execution may have 100000.*continueAsNew/);
  t.is(lines.length, 1);
  t.is(told.length, 1);
  t.regex(told[0]!, /"ended".*PERDURE_HISTORY_TOO_LONG/);
  t.is((await settle(client.orchestrationHead('b')))?.status, 'Failed');
});

test('an execution that ends by itself with 100,000 events has its result, and what ends it is not counted', async (t) => {
  const { send, more, status } = await stage();
  await send({ kind: 'start', name: 'busy', input: LIMIT - 2 });
  await more(-1);
  t.like(await status(), { runtimeStatus: 'Completed', historyLength: LIMIT + 1, output: 'stopped' });
});

test('one turn that makes 200,000 events fails its execution: its input is kept, and its parent is told', async (t) => {
  const { send, status } = await stage();
  await send({ kind: 'start', name: 'boss', input: 200_000 }, 'p');
  t.like(await status('p'), { runtimeStatus: 'Completed', output: 'PERDURE_HISTORY_TOO_LONG' });
  t.like(await status('child'), { runtimeStatus: 'Failed', historyLength: 2, input: 200_000 });
});

test('an instance whose history is as long as it may be can be suspended, resumed and terminated', async (t) => {
  const { send, status } = await stage();
  await send({ kind: 'start', name: 'busy', input: LIMIT - 2 });
  await send({ kind: 'event', name: 'other' });
  await send({ kind: 'control', action: 'suspend' });
  t.like(await status(), { runtimeStatus: 'Suspended', historyLength: LIMIT + 1 });
  await send({ kind: 'control', action: 'resume' });
  t.is((await status())?.runtimeStatus, 'Running');
  await send({ kind: 'control', action: 'terminate', reason: 'enough' });
  t.like(await status(), { runtimeStatus: 'Terminated', reason: 'enough' });
});

test('continueAsNew begins a history anew: 10 executions of 30,000 events each are none too long, in one step', async (t) => {
  const { lines, send, status } = await stage();
  await send({ kind: 'start', name: 'prudent', input: 9 });
  t.like(await status(), { runtimeStatus: 'Completed', historyLength: 30_002, output: 'all done' });
  t.deepEqual(lines, []);
});

test('a history of 90,000 events is replayed by another owner, and counted on', async (t) => {
  const { hub, worker, send, more, status, settle } = await stage();
  await send({ kind: 'start', name: 'busy', input: 90_000 });
  worker.connection.kill();
  const next = new MemoryWorker(hub, 'w2', hostOf({ orchestrators: [Busy] }));
  await settle(next.claim());
  await more(9_998);
  t.is(next.replayedEvents, 90_001);
  t.like(await status(), { runtimeStatus: 'Running', historyLength: LIMIT });
  await more(0);
  t.is((await status())?.runtimeStatus, 'Failed');
});
