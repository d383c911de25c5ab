import test from 'ava';
import fc from 'fast-check';
import { connect } from 'nats';
import { connectTaskHub, TaskHubClient, TaskHubWorker, type Logger } from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { encodeMessage } from '../../lib/wire/message-codec.js';
import type { Message } from '../../lib/wire/messages.js';
import { encodeHello } from '../../lib/wire/session-codec.js';
import { subjectsOf } from '../../lib/wire/subjects.js';
import { amount } from '../amount.js';
import { startTestServer } from '../servers.js';
import { until } from '../until.js';
import { usedHeapBytes } from '../used-heap.js';

const COUNT = amount(10_000, 100_000);
const TOGETHER = 500;
const PARTITIONS = 2;
const MEGABYTE = 1_024 * 1_024;

@Entity('tally')
class Tally {
  state = 0;
  @Operation() add(by: number): number {
    return (this.state += by);
  }
}

/** Nobody sends it anything that makes sense. */
@Entity('vault')
class Vault {
  state = 0;
  @Operation() open(): void {
    this.state++;
  }
}

@Orchestrator('secret')
class Secret {
  @Run() *run(): Generator<never, void> {}
}

const utf8 = new TextEncoder();
const valid: readonly Uint8Array[] = [
  ...(
    [
      { kind: 'operation', name: 'add', input: 0 },
      { kind: 'operation', name: 'open', session: '1-abc', number: 1 },
      { kind: 'start', name: 'nobody', input: { a: [1, 'x'] } },
      { kind: 'event', name: 'Go', input: null },
      { kind: 'control', action: 'suspend', reason: 'why' },
    ] as unknown as Message[]
  ).map(encodeMessage),
  encodeHello({ token: 'abc' }),
  utf8.encode('{"v":1,"from":1,"entries":[{"n":5,"prev":4,"messages":[]}]}'),
];

/** What no codec takes: each of them is a dead letter where it is addressed to an instance. */
const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.jsonValue({ maxDepth: 4 }).map((value) => utf8.encode(JSON.stringify(value))),
  fc.string({ unit: 'binary', maxLength: 100 }).map((text) => utf8.encode(text)),
  fc
    .constantFrom('['.repeat(5_000), '{"__proto__":{"isAdmin":true}}', '{"v":1,"kind":"constructor"}', '{"v":2}')
    .map((text) => utf8.encode(text)),
);

/** What was a message once: changed in a byte, cut off, or twice. */
const broken = fc
  .tuple(fc.constantFrom(...valid), fc.nat(500), fc.nat(255), fc.constantFrom('change', 'cut', 'twice'))
  .map(([body, at, byte, how]) => {
    if (how === 'cut') return body.subarray(0, at % body.length);
    if (how === 'twice') return utf8.encode(new TextDecoder().decode(body).repeat(2));
    return body.map((each, place) => (place === at % body.length ? byte : each));
  });

const mail = fc.record({
  partition: fc.nat(PARTITIONS - 1),
  sent: fc.oneof(
    { weight: 3, arbitrary: fc.record({ to: fc.constantFrom('e.vault.a', 'e.vault.b', 'o.secret-1'), body: garbage }) },
    {
      weight: 2,
      arbitrary: fc.record({
        to: fc.constantFrom(
          'x',
          's',
          'nobody',
          'e.vault',
          'e.va=ZZult.k',
          'o.=G0',
          'e.nobody.k',
          'o.a.b.c',
          'o.@x',
          'e.tally.broken',
          'o.i',
        ),
        body: fc.oneof(garbage, broken),
      }),
    },
  ),
});

const heap = (): number => usedHeapBytes() / MEGABYTE;

test('whatever is put on mailboxes, what makes no sense becomes a dead letter, and all else goes on', async (t) => {
  t.timeout(1_800_000);
  const seed = Number(process.env['SEED'] ?? 1);
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const errors: string[] = [];
  const keep = (message: string, { instance }: { readonly instance: string }): void =>
    void errors.push(`${instance}: ${message}`);
  const logger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: keep };
  const hub = await connectTaskHub({ name: 'fuzz', servers: server.url, partitions: PARTITIONS, logger });
  t.teardown(() => hub.close());
  const worker = await TaskHubWorker.start(hub, { entities: [Tally, Vault], orchestrators: [Secret] });
  t.teardown(() => worker.stop());
  const client = new TaskHubClient(hub, { timeoutInMilliseconds: 600_000 });
  const foreign = await connect({ servers: server.url });
  t.teardown(() => foreign.close());
  const streams = (await foreign.jetstreamManager()).streams;
  const lastOf = async (stream: string) => (await streams.info(stream)).state.last_seq;

  const letters = async (): Promise<number> =>
    (await client.inspect()).reduce(
      (sum, partition) => sum + (partition.worker === undefined ? 0 : partition.deadLetters),
      0,
    );
  const taken = async (): Promise<void> => {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const last = await lastOf(`PD-fuzz-${partition}-mail`);
      await until(
        async () => {
          const inspected = (await client.inspect())[partition]!;
          return inspected.worker !== undefined && inspected.cursor >= last;
        },
        `partition ${partition} to have taken all`,
        1_200,
      );
    }
  };
  const subjects = subjectsOf('fuzz');
  const inboxes = Array.from({ length: PARTITIONS }, (_, partition) =>
    subjects.partition(partition).envelopes.slice(0, -1),
  );
  const sent = fc.sample(mail, { numRuns: COUNT, seed });
  let [added, sure, early] = [0, 0, 0];
  for (let at = 0; at < COUNT; at += TOGETHER) {
    for (const {
      partition,
      sent: { to, body },
    } of sent.slice(at, at + TOGETHER)) {
      if (/^(?:e\.vault\.|o\.secret)/.test(to)) sure++;
      foreign.publish(`${inboxes[partition]}${to}`, body);
    }
    await foreign.flush();
    t.is(await client.callEntity(Tally, 'sound').add(1), ++added);
    if (at + TOGETHER === COUNT / 2) {
      await taken();
      early = heap();
    }
  }
  await taken();
  const kept = await letters();
  t.true(kept >= sure, `seed ${seed}: ${kept} dead letters of at least ${sure}`);
  t.true(kept <= COUNT);
  t.is(await lastOf('PD-fuzz-dead'), kept, 'each is kept once, and counted');
  t.deepEqual((await client.entities.list({ entity: 'vault' })).entities, []);
  t.deepEqual((await client.listInstanceIds({ instanceIdPrefix: 'secret' })).instanceIds, []);
  t.deepEqual(errors, [], `seed ${seed}`);
  const late = heap();
  t.log(`${kept} dead letters of ${COUNT}; ${early.toFixed(1)} MiB in the midst, ${late.toFixed(1)} MiB in the end`);
  t.true(late < early + 8, `${early} MiB, ${late} MiB`);
  t.is(await client.callEntity(Tally, 'sound').add(1), ++added);
  t.false('isAdmin' in {});
  await client.close();
});
