import { randomBytes } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { connect } from 'nats';
import {
  connectTaskHub,
  OrchestrationContext,
  TaskHubClient,
  TaskHubWorker,
  type Logger,
  type Orchestration,
  type PayloadCodec,
} from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Query, Run, Update } from 'perdure/decorators';
import { AesGcm } from '../../samples/encryption/aes-gcm.js';
import { startTestServer } from '../servers.js';
import { until } from '../until.js';

/** What must be seen by nobody but the code that it is for. */
const SECRET = 'the-secret-of-all-payloads';

@Entity('safe')
class Safe {
  state: { kept: string[] } = { kept: [] };
  @Operation() keep(value: string): number {
    return this.state.kept.push(value);
  }
  @Operation() refuse(_value: string): void {
    throw new RangeError('no room');
  }
}

class Couriers {
  @Activity() carry(value: string): string {
    return `carried ${value}`;
  }
  @Activity({ queue: 'far' }) carryFar(value: string): string {
    return `far ${value}`;
  }
  @Activity() lose(value: string): never {
    throw Object.assign(new RangeError('lost'), { about: value });
  }
}

@Orchestrator('relay')
class Relay {
  @Run() *run(value: string, ctx: OrchestrationContext): Orchestration<string> {
    return yield* ctx.callActivity(Couriers).carry(value);
  }
}

@Orchestrator('errand')
class Errand {
  #last = '';
  @Run() *run(value: string, ctx: OrchestrationContext): Orchestration<string[]> {
    ctx.setCustomStatus({ value });
    const done = [yield* ctx.callActivity(Couriers).carry(value), yield* ctx.callActivity(Couriers).carryFar(value)];
    done.push(yield* ctx.callSubOrchestrator(Relay, value));
    yield* ctx.callEntity(Safe, 's').keep(value.repeat(20_000)); // a large one
    try {
      yield* ctx.callActivity(Couriers).lose(value);
    } catch {
      ctx.signalEntity(Safe, 's').refuse(value);
    }
    this.#last = yield* ctx.waitForExternalEvent<string>('Told');
    return [...done, this.#last];
  }
  @Query() last(): string {
    return this.#last;
  }
  @Update() tell(value: string): string {
    return (this.#last = value);
  }
}

const hosted = { entities: [Safe], orchestrators: [Errand, Relay], activities: [new Couriers()] };

/** A logger that keeps what is told at info and above. */
function telling(lines: string[]): Logger {
  const keep = (message: string, fields: object): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { debug: () => {}, info: keep, warn: keep, error: keep };
}

/** An errand with all kinds of payloads, over a takeover; everything that passes the server is kept in `seen`. */
async function errand(t: ExecutionContext, codecs: readonly (PayloadCodec | undefined)[]) {
  t.timeout(120_000);
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const [lines, seen] = [[] as string[], [] as string[]];
  const spy = await connect({ servers: server.url });
  t.teardown(() => spy.close());
  spy.subscribe('>', {
    callback: (_, { subject, data, headers }) =>
      void seen.push(`${subject} ${JSON.stringify([...(headers ?? [])])} ${Buffer.from(data).toString('latin1')}`),
  });
  const open = async (payloadCodec: PayloadCodec | undefined) => {
    const hub = await connectTaskHub({
      name: 'h',
      servers: server.url,
      partitions: 2,
      payloadCodec,
      logger: telling(lines),
    });
    t.teardown(() => hub.close());
    return hub;
  };
  const first = await open(codecs[0]);
  const worker = await TaskHubWorker.start(first, hosted);
  const handle = await new TaskHubClient(first).startNew(Errand, SECRET, {
    instanceId: 'e',
    tags: { shop: 'north' },
    memo: { why: SECRET },
  });
  await until(async () => (await handle.status()).historyLength! >= 12, 'it to wait for the event', 60);
  await worker.stop();

  const second = await open(codecs[1]);
  await using client = new TaskHubClient(second);
  const e = client.getHandle(Errand, 'e');
  const { customStatus, memo } = await e.status();
  t.deepEqual([customStatus, memo], [{ value: SECRET }, { why: SECRET }], 'from the view');
  const next = await TaskHubWorker.start(second, hosted);
  t.teardown(() => next.stop());
  t.is(await e.update().tell(SECRET), SECRET);
  await client.raiseEvent('e', 'Told', SECRET);
  const carried = `carried ${SECRET}`;
  t.deepEqual(await e.result(), [carried, `far ${SECRET}`, carried, SECRET]);
  t.is(await e.query().last(), SECRET);
  for await (const told of e.watch()) t.deepEqual(told.customStatus, { value: SECRET });
  const { history } = await e.status({ fetchHistory: true });
  t.true(JSON.stringify(history).includes(`{"about":"${SECRET}"}`), 'a field of an error');
  const yearly = await client.schedules.create('yearly', { cron: '0 0 1 1 *', start: [Errand, SECRET] });
  t.is((await yearly.describe()).input, SECRET);
  t.is((await client.readEntityState(Safe, 's')).entityState?.kept[0]?.length, 20_000 * SECRET.length);
  t.deepEqual((await client.listInstanceIds({ tags: { shop: 'north' } })).instanceIds, ['e']);
  await next.stop();
  await spy.flush();
  return { server, lines, seen, open };
}

const keys = { a: randomBytes(32), b: randomBytes(32) };

test('with a payload codec nothing of a value passes the server or is stored there, also over a change of keys', async (t) => {
  const { seen, server, open } = await errand(t, [new AesGcm(keys, 'a'), new AesGcm(keys, 'b')]);
  t.true(seen.length > 50);
  t.deepEqual(
    seen.filter((text) => text.includes(SECRET) || text.includes(Buffer.from(SECRET).toString('base64').slice(0, 20))),
    [],
  );
  t.true(
    seen.some((text) => text.includes('"errand"')),
    'what lists look for stays readable',
  );

  // Who has no key reads ids, and nothing else.
  const connection = await connect({ servers: server.url });
  t.teardown(() => connection.close());
  await using stranger = new TaskHubClient(await open(undefined), { timeoutInMilliseconds: 2_000 });
  t.deepEqual((await stranger.listInstanceIds({ tags: { shop: 'north' } })).instanceIds, ['e']);
  await t.throwsAsync(stranger.getHandle('e').status());
});

test('without one they do: what the test looks for is there', async (t) => {
  const { seen } = await errand(t, [undefined, undefined]);
  t.true(seen.some((text) => text.includes(SECRET)));
});

test('no payload is in the log above debug: not of what fails, is garbage or is refused', async (t) => {
  const { server, lines, open } = await errand(t, [undefined, undefined]);
  const worker = await TaskHubWorker.start(await open(undefined), hosted);
  const foreign = await connect({ servers: server.url });
  t.teardown(() => foreign.close());
  const garbage = [
    SECRET,
    `{"v":1,"kind":"${SECRET}"}`,
    `{"v":1,"kind":"operation","name":"keep","input":{"${SECRET}":}}`,
  ];
  for (const partition of [0, 1])
    for (const text of [
      ...garbage,
      JSON.stringify({ v: 1, kind: 'operation', name: 'keep', input: { __proto__x: SECRET } }),
    ])
      foreign.publish(`pd.h.${partition}.m.e.safe.s`, text);
  await foreign.flush();
  await using client = new TaskHubClient(await open(undefined), { timeoutInMilliseconds: 5_000 });
  await client.signalEntity('safe', 's', 'keep', { [SECRET]: SECRET }); // not what it takes
  await client.callEntity('safe', 's', 'refuse', SECRET).catch(() => {});
  await client.startNew('errand', { [SECRET]: SECRET });
  await until(() => lines.some((line) => line.includes('dead letters')), 'the dead letters to be told');
  await worker.stop();
  t.true(lines.some((line) => line.includes('A signalled operation failed')));
  t.deepEqual(
    lines.filter((line) => line.includes(SECRET)),
    [],
  );
});
