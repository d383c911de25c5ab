import test from 'ava';
import { ActivationCache } from '../../lib/engine/activation-cache.js';
import { EntityContext, OrchestrationContext, TaskHubClient, type Orchestration, type TaskFailedError } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { entityAddress, orchestrationAddress, partitionOf } from '../../lib/wire/addresses.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import type { Answer } from '../../lib/wire/queries.js';
import type { Message } from '../../lib/wire/messages.js';
import { Counter, Greetings, Hello, Steps } from './bank.js';
import {
  ask,
  bankHost,
  bytes,
  hostOf,
  MemoryWorker,
  outcomesAt,
  recordingLogger,
  surroundings,
} from './surroundings.js';

const status = (instanceId: string, more = {}) => ({ kind: 'status', instanceId, ...more });

@Entity('mutator')
class Mutator {
  state = { heard: [] as unknown[] };
  @Operation({ input: 'unknown' }) hear(what: unknown): void {
    this.state.heard.push(what);
  }
  @Operation() tell(_none: void, context: EntityContext): void {
    const said = { words: ['first'] };
    context.signalEntity(Mutator, 'listener').hear(said);
    said.words.push('second');
  }
}

@Orchestrator('mutating')
class Mutating {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<unknown> {
    const said = { words: ['first'] };
    context.signalEntity(Mutator, 'listener').hear(said);
    said.words.push('second');
    return yield* context.all([]);
  }
}

test('C9: what is changed after it was sent is not changed where it arrives', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', hostOf({ entities: [Mutator], orchestrators: [Mutating] }));
  await settle(worker.claim());
  await settle(client.signal('mutator', 'speaker', 'tell'));
  await settle(client.start('mutating', 'm'));
  await advance(500);
  t.deepEqual((await settle(client.entityHead('mutator', 'listener')))?.state, {
    heard: [{ words: ['first'] }, { words: ['first'] }],
  });
});

let started: string[] = [];

@Entity('careful')
class Careful {
  state = { done: 0 };
  @Operation() async work(): Promise<void> {
    started.push('work');
    await Promise.resolve();
    this.state.done++;
  }
  @Operation() ask(_none: void, context: EntityContext): void {
    context.signalEntity(Careful, 'other').work();
  }
}

test('P17: an asynchronous operation starts only when the record of its local message is acknowledged', async (t) => {
  started = [];
  const { world, hub, client, settle } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', hostOf({ entities: [Careful] }));
  await settle(worker.claim());
  await settle(client.signal('careful', 'one', 'ask'));
  const holdsSignal = (): boolean =>
    Array.from(hub.streams(0).log.all(), ({ body }) => decodeRecord(body, '')).some(
      (record) =>
        record.type === 'commit' && record.steps.some(({ messages }) => messages?.[0]?.[0] === 'e.careful.other'),
    );
  while (!holdsSignal()) {
    t.deepEqual(started, [], 'not before the record is stored');
    await world.scheduler.advance(0.05);
  }
  await world.scheduler.advance(500);
  t.deepEqual(started, ['work']);
  t.deepEqual((await settle(client.entityHead('careful', 'other')))?.state, { done: 1 });
});

test('C11: a replaced owner answers no read, and the new one does', async (t) => {
  const around = surroundings(1);
  const { hub, client, settle, advance } = around;
  const former = new MemoryWorker(hub, 'former', bankHost());
  await settle(former.claim());
  await settle(client.start('hello', 'h'));
  await advance(1_000);
  t.is((await ask(around, 'o.h', status('h'))).length, 1);
  const next = new MemoryWorker(hub, 'next', bankHost());
  await settle(next.claim());
  const answers = await ask(around, 'o.h', status('h'));
  t.is(answers.length, 1, 'the former owner is silent');
  const [answer] = answers as [Extract<Answer, { kind: 'status' }>];
  t.is(answer.status?.runtimeStatus, 'Completed');
  t.regex(String(await settle(former.owners[0]!.ended)), /new owner/);
});

test('C2: a replaced owner can commit nothing', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const former = new MemoryWorker(hub, 'former', bankHost());
  await settle(former.claim());
  const next = new MemoryWorker(hub, 'next', bankHost());
  await settle(next.claim());
  await settle(client.signal('counter', 'k', 'add', 'one'));
  await advance(500);
  const epochs = Array.from(hub.streams(0).log.all(), ({ body }) => decodeRecord(body, '').epoch);
  t.is(epochs.at(-1), 2);
  t.deepEqual((await settle(client.entityHead('counter', 'k')))?.state, { seen: ['one'] });
});

test('resident instances are never replayed; an evicted one is rebuilt by replay with the same result', async (t) => {
  const run = async (bytes: number) => {
    const { hub, client, settle, advance } = surroundings(1);
    const worker = new MemoryWorker(hub, 'w', bankHost(), { activations: new ActivationCache(bytes) });
    await settle(worker.claim());
    await settle(client.start('nap', 'n', 2_500));
    await settle(client.start('steps', 's', 40));
    await advance(6_000);
    const head = await settle(client.orchestrationHead('s'));
    const nap = await settle(client.orchestrationHead('n'));
    return { replayed: worker.replayedEvents, outputs: [head?.output, nap?.output] };
  };
  const resident = await run(1_000_000);
  const evicted = await run(0);
  t.is(resident.replayed, 0);
  t.true(evicted.replayed > 0);
  t.deepEqual(evicted.outputs, resident.outputs);
  t.is(evicted.outputs[1], 'rested');
});

@Orchestrator('edited')
class Before {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<string> {
    yield* context.createTimer(1_000);
    return yield* context.callActivity(Greetings).hello('before');
  }
}

@Orchestrator('edited')
class After {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<string> {
    return yield* context.callActivity(Greetings).hello('after');
  }
}

test('an instance whose code no longer fits its history is suspended, and goes on when the code is mended', async (t) => {
  const around = surroundings(1);
  const { hub, client, settle, advance } = around;
  const host = (edited: typeof Before) => hostOf({ orchestrators: [edited], activities: [new Greetings()] });
  const first = new MemoryWorker(hub, 'w1', host(Before));
  await settle(first.claim());
  await settle(client.start('edited', 'e'));
  await advance(300);
  await settle(first.stop());
  const second = new MemoryWorker(hub, 'w2', host(After));
  await settle(second.claim());
  await advance(2_000);
  const [suspended] = (await ask(around, 'o.e', status('e'))) as [Extract<Answer, { kind: 'status' }>];
  t.is(suspended.status?.runtimeStatus, 'Suspended');
  t.regex(suspended.status?.reason ?? '', /history says/);
  await settle(second.stop());
  const third = new MemoryWorker(hub, 'w3', host(Before));
  await settle(third.claim());
  await advance(2_000);
  const head = await settle(client.orchestrationHead('e'));
  t.is(head?.status, 'Completed');
  t.is(head?.output, 'Hello, before!');
});

test('P14: a long history goes to segments, and reads and takeovers find all of it', async (t) => {
  const around = surroundings(1);
  const { hub, client, settle, advance } = around;
  const first = new MemoryWorker(hub, 'w1', hostOf({ orchestrators: [Steps, Hello], activities: [new Greetings()] }));
  await settle(first.claim());
  await settle(client.start('steps', 's', 3_000));
  await advance(900);
  first.connection.kill();
  const second = new MemoryWorker(hub, 'w2', hostOf({ orchestrators: [Steps], activities: [new Greetings()] }));
  await settle(second.claim());
  await advance(10_000);
  const head = await settle(client.orchestrationHead('s'));
  t.is(head?.status, 'Completed');
  t.true((head?.segments.length ?? 0) > 0);
  t.true(second.replayedEvents > 0);
  const reader = new TaskHubClient({ ports: memoryHubPorts(hub.connect('reader'), recordingLogger()) });
  const history = await settle(reader.getHandle('s').history());
  t.is(history.filter(({ type }) => type === 'TaskCompleted').length, 3_000);
  t.is(history.length, 6_002);
});

test('C8: log and mail are forgotten behind stored heads and checkpoint', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', bankHost());
  await settle(worker.claim());
  for (let i = 0; i < 1_000; i++) await settle(client.signal('counter', `k${i % 10}`, 'add', `s${i}`));
  await advance(5_000);
  const { log, mail } = hub.streams(0);
  t.true(log.last > 50);
  t.true(log.last - log.first < 5, `log ${log.first}..${log.last}`);
  t.true(mail.last - mail.first <= 300, `mail ${mail.first}..${mail.last}`);
});

function mailTo(hub: MemoryHub, subject: string, message: unknown): void {
  hub.streams(0).mail.store(subject, message instanceof Uint8Array ? message : bytes(message), hub.world.time);
}

test('mail that no instance can take is consumed and recorded with the reason, and the rest goes on', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', bankHost());
  await settle(worker.claim());
  const subjects = partitionSubjects('test', 0);
  const mail = (address: string): string => subjects.mail(address);
  const { envelopes } = subjects;
  mailTo(hub, mail('e.counter.k'), new Uint8Array([1, 2, 3]));
  mailTo(hub, mail('e.counter.k'), { v: 1, kind: 'nonsense' });
  mailTo(hub, `${mail('o.')}..`, { v: 1, kind: 'start', name: 'hello' });
  mailTo(hub, envelopes, 'no envelope');
  await settle(client.signal('counter', 'k', 'add', 'good'));
  await advance(50);
  const dropped = Array.from(hub.streams(0).log.all(), ({ body }) => decodeRecord(body, '')).flatMap((record) =>
    record.type === 'commit' ? (record.dropped ?? []) : [],
  );
  t.is(dropped.length, 4);
  await advance(500);
  t.deepEqual((await settle(client.entityHead('counter', 'k')))?.state, { seen: ['good'] });
});

test('P2: an envelope whose predecessor is missing is ignored, a copy is dropped, the next in line is taken', async (t) => {
  const { hub, client, settle, advance } = surroundings(2);
  const worker = new MemoryWorker(hub, 'w', bankHost());
  await settle(worker.claim());
  const keys = ['a', 'b', 'c', 'd', 'e', 'f'].filter(
    (key) => partitionOf(entityAddress({ name: 'counter', key }), 2) === 0,
  );
  const key = keys[0]!;
  const entry = (n: number, prev: number, id: string) => ({
    n,
    prev,
    messages: [[`e.counter.${key}`, { kind: 'operation', name: 'add', input: id } satisfies Message]],
  });
  const envelope = (...entries: object[]) => ({ v: 1, from: 1, entries });
  const { envelopes } = partitionSubjects('test', 0);
  mailTo(hub, envelopes, envelope(entry(9, 5, 'too early')));
  mailTo(hub, envelopes, envelope(entry(5, 0, 'first')));
  mailTo(hub, envelopes, envelope(entry(5, 0, 'first again'), entry(9, 5, 'second')));
  await advance(500);
  t.deepEqual((await settle(client.entityHead('counter', key)))?.state, { seen: ['first', 'second'] });
});

test('P12: a mail stream that lost acknowledged messages is refused at the takeover, and said', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', bankHost());
  await settle(worker.claim());
  for (let i = 0; i < 3; i++) await settle(client.signal('counter', 'k', 'add', `s${i}`));
  await advance(300);
  await settle(worker.stop());
  Object.assign(hub.streams(0), { mail: emptyStream() });
  const next = new MemoryWorker(hub, 'w2', bankHost());
  await t.throwsAsync(settle(next.claim()), { code: 'PERDURE_STORAGE_REGRESSED', message: /mail was taken up to 4/ });
});

function emptyStream() {
  return new MemoryWorld().createHub('empty', 1).streams(0).mail;
}

test('a start with the id of a running instance changes nothing, and one of an ended instance begins anew', async (t) => {
  const around = surroundings(1);
  const { hub, client, settle, advance } = around;
  const worker = new MemoryWorker(hub, 'w', bankHost());
  await settle(worker.claim());
  const told = outcomesAt(client.ports, '_INBOX.told');
  const start = { v: 1, kind: 'start', name: 'nap', input: 500, reply: '_INBOX.told' };
  const subject = partitionSubjects('test', 0).mail(orchestrationAddress('n'));
  mailTo(hub, subject, { ...start, id: 'one' });
  mailTo(hub, subject, { ...start, id: 'two' });
  await advance(2_000);
  mailTo(hub, subject, { ...start, id: 'three' });
  await advance(2_000);
  t.deepEqual(
    told.map(({ failure }) => failure?.code),
    [undefined, 'PERDURE_INSTANCE_EXISTS', undefined],
  );
  t.is((await settle(client.orchestrationHead('n')))?.output, 'rested');
});

test('P19: timers fire once and never early, also those that a stopped worker left', async (t) => {
  const { world, hub, client, settle, advance } = surroundings(2);
  const first = new MemoryWorker(hub, 'w1', bankHost());
  await settle(first.claim());
  const begun = world.time;
  for (let i = 0; i < 20; i++) await settle(client.start('nap', `n${i}`, 1_000 + 100 * i));
  await advance(1_500);
  await settle(first.stop());
  const second = new MemoryWorker(hub, 'w2', bankHost());
  await settle(second.claim());
  await advance(5_000);
  for (let i = 0; i < 20; i++) {
    const head = await settle(client.orchestrationHead(`n${i}`));
    t.is(head?.output, 'rested');
    t.is(head?.history.filter(({ type }) => type === 'TimerFired').length, 1);
    t.true(head!.updatedAt - begun >= 1_000 + 100 * i);
  }
});

test('a graceful stop leaves nothing to replay from the log: the next owner finds heads and checkpoint', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const first = new MemoryWorker(hub, 'w1', hostOf({ entities: [Counter] }));
  await settle(first.claim());
  await settle(client.signal('counter', 'k', 'add', 'one'));
  await advance(20);
  await settle(first.stop());
  t.is(await settle(first.owners[0]!.ended), undefined);
  t.deepEqual((await settle(client.entityHead('counter', 'k')))?.state, { seen: ['one'] });
  const { log } = hub.streams(0);
  t.is(log.first, log.last);
});

@Entity('hoard')
class Hoard {
  state = { kept: '' };
  @Operation({ input: Number }) keep(length: number): number {
    this.state.kept = 'ü'.repeat(length);
    return length;
  }
}

class Printer {
  @Activity({ input: Number }) print(length: number): string {
    return 'x'.repeat(length);
  }
}

@Orchestrator('large')
class Large {
  @Run({ input: String }) *run(what: string, context: OrchestrationContext): Orchestration<string> {
    if (what === 'output') return yield* context.callActivity(Printer).print(200_000);
    if (what === 'result') {
      try {
        return yield* context.callActivity(Printer).print(500_000);
      } catch (error) {
        return (error as TaskFailedError).failureDetails.code ?? '';
      }
    }
    const printed = yield* context.callActivity(Printer).print(300_000);
    yield* context.callEntity(Hoard, 'h').keep(1);
    return what === 'twice' ? printed + printed : printed;
  }
}

test('what is too large for a record fails alone: its caller is told, the old state stays, the rest goes on', async (t) => {
  const { hub, client, settle, advance } = surroundings(1, 1, { maxValueBytes: 480_000 });
  const host = hostOf({ entities: [Hoard], orchestrators: [Large], activities: [new Printer()] });
  const worker = new MemoryWorker(hub, 'w', host);
  await settle(worker.claim());
  const inputs = ['output', 'result', 'once', 'twice'];
  for (const input of inputs) await settle(client.start('large', input, input));
  await settle(client.signal('hoard', 'k', 'keep', 5));
  await settle(client.signal('hoard', 'k', 'keep', 400_000));
  await advance(3_000);
  const heads = await settle(Promise.all(inputs.map((input) => client.orchestrationHead(input))));
  t.is((heads[0]?.output as string | undefined)?.length, 200_000);
  t.is(heads[1]?.output, 'PERDURE_PAYLOAD_TOO_LARGE');
  t.is(heads[2]?.outputRef?.bytes, 300_002);
  t.is(heads[3]?.failure?.code, 'PERDURE_PAYLOAD_TOO_LARGE');
  t.deepEqual((await settle(client.entityHead('hoard', 'k')))?.state, { kept: 'üüüüü' });
});

const half = '\ud83d is half a character';

@Entity('quoting')
class Quoting {
  state = { calls: 0 };
  @Operation() quote(): void {
    throw new Error(half);
  }
  @Operation() count(): number {
    return ++this.state.calls;
  }
}

class Quoter {
  @Activity() quote(): string {
    return JSON.parse('😀') as string; // its message quotes half of it
  }
}

@Orchestrator('quotes')
class Quotes {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<unknown[]> {
    const tasks = [
      context.callActivity(Quoter).quote(),
      context.callEntity(Quoting, 'near').quote(),
      context.callEntity(Quoting, 'far').quote(),
      context.callEntity(Quoting, 'other').quote(),
    ];
    const codes: unknown[] = [];
    for (const task of tasks) {
      try {
        yield* task;
      } catch (error) {
        codes.push((error as TaskFailedError).failureDetails.message.isWellFormed());
      }
    }
    yield* context.callEntity(Quoting, 'near').count();
    yield* context.callEntity(Quoting, 'far').count();
    yield* context.callEntity(Quoting, 'other').count();
    return codes;
  }
}

test('half a character in the text of an error stops no channel and no takeover', async (t) => {
  const { hub, client, settle, advance } = surroundings(3);
  const host = () => hostOf({ entities: [Quoting], orchestrators: [Quotes], activities: [new Quoter()] });
  const first = new MemoryWorker(hub, 'w1', host());
  await settle(first.claim());
  await settle(client.start('quotes', 'q'));
  await settle(client.signal('quoting', 'near', 'quote'));
  await advance(20);
  first.connection.kill();
  const second = new MemoryWorker(hub, 'w2', host());
  await settle(second.claim());
  await advance(5_000);
  t.deepEqual((await settle(client.orchestrationHead('q')))?.output, [true, true, true, true]);
  await settle(second.stop());
  await settle(new MemoryWorker(hub, 'w3', host()).claim());
  t.deepEqual((await settle(client.entityHead('quoting', 'far')))?.state, { calls: 1 });
});
