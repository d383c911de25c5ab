import test from 'ava';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import type { DeadLetter } from '../../lib/wire/dead-letter-codec.js';
import { encodeAddressed, encodeEnvelope, encodeMessage } from '../../lib/wire/message-codec.js';
import type { Message } from '../../lib/wire/messages.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { gate, Queue } from './mailboxes.js';
import { hostOf, MemoryWorker, surroundings, text } from './surroundings.js';

const host = () => hostOf({ entities: [Queue] });
const operation = (name: string, input: string): Message => ({ kind: 'operation', name, input });

/** The address of the nth entity of a partition of two. */
function addressIn(partition: number, n = 0): string {
  const all = Array.from({ length: 30 }, (_, i) => entityAddress({ name: 'queue', key: `k${i}` }));
  return all.filter((address) => partitionOf(address, 2) === partition)[n]!;
}

const keyOf = (address: string): string => address.split('.')[2]!;

/** Stores an envelope from partition 1 in the mail of partition 0. */
function envelope(hub: MemoryHub, n: number, prev: number, messages: readonly (readonly [string, Message])[]): void {
  const body = encodeEnvelope(1, [{ n, prev, messages: messages.map(encodeAddressed) }]);
  hub.streams(0).mail.store(partitionSubjects('test', 0).envelopes, body, hub.world.time);
}

test('P1: b behind a slow a of one channel envelope survives the owner', async (t) => {
  const { hub, client, settle, advance } = surroundings(2);
  const [slow, other] = [addressIn(0), addressIn(0, 1)];
  const seen = async (address: string) => (await settle(client.entityHead('queue', keyOf(address))))?.state;
  gate.close();
  // None of what waits is parked: the input itself has to survive.
  const first = new MemoryWorker(hub, 'w1', host(), { mail: { age: 600_000 } });
  await settle(first.claim());
  envelope(hub, 7, 0, [
    [slow, operation('slowly', 'a')],
    [slow, operation('add', 'b')],
    [other, operation('add', 'c')],
  ]);
  await advance(3_000);
  t.deepEqual(await seen(other), { seen: ['c'] });
  t.is(await seen(slow), undefined);
  first.connection.kill();
  gate.open();
  await settle(new MemoryWorker(hub, 'w2', host()).claim());
  envelope(hub, 7, 0, [[slow, operation('add', 'a copy, which the mark of its channel refuses')]]);
  await advance(10_000);
  t.deepEqual(await seen(slow), { seen: ['a', 'b'] });
  t.deepEqual(await seen(other), { seen: ['c'] });
});

test('P6: mail for another partition goes to the dead letters as WrongPartition', async (t) => {
  const { hub, client, settle, advance } = surroundings(2);
  const [here, there] = [addressIn(0), addressIn(1)];
  const worker = new MemoryWorker(hub, 'w', host());
  await settle(worker.claim());
  const { mail } = hub.streams(0);
  const misled = partitionSubjects('test', 0).mail(there);
  mail.store(misled, encodeMessage(operation('add', 'alone')), hub.world.time);
  envelope(hub, 3, 0, [
    [there, operation('add', 'first')],
    [here, operation('add', 'one')],
    [there, operation('add', 'third')],
  ]);
  envelope(hub, 4, 3, [[here, operation('add', 'two')]]);
  await advance(1_000);
  const letters = Array.from(hub.deadLetters.all(), ({ body }) => JSON.parse(text.decode(body)) as DeadLetter);
  t.deepEqual(
    letters.map(({ sequence, index, reason }) => [sequence, index, reason]),
    [
      [1, 0, `WrongPartition: ${there} is not an instance of this partition`],
      [2, 0, `WrongPartition: ${there} is not an instance of this partition (nor are 1 more of this envelope)`],
    ],
  );
  t.deepEqual((await settle(client.entityHead('queue', keyOf(here))))?.state, { seen: ['one', 'two'] });
  for (const partition of [0, 1])
    t.is(hub.streams(partition).state.latest(partitionSubjects('test', partition).head(there)), undefined);
});
