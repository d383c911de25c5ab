import { randomBytes } from 'node:crypto';
import test, { type Implementation, type TestFn } from 'ava';
import { AesGcm } from '../../samples/encryption/aes-gcm.js';
import { codedHubPorts } from '../../lib/nats/coded-ports.js';
import type { ObjectStore } from '../../lib/engine/ports.js';
import type { PayloadCodec } from '../../lib/nats/payload-codec.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { bytes, Inbox, recordingLogger, text } from '../contract/harness.js';
import { portsContract } from '../contract/ports.js';

/** Behind a codec the ports keep all that they promise. */

const keys = { a: randomBytes(32), b: randomBytes(32) };

function coded(codec: PayloadCodec = new AesGcm(keys, 'a'), lines: string[] = []) {
  const world = new MemoryWorld();
  const hub = world.createHub('contract', 2);
  const connection = hub.connect('one');
  return { world, hub, connection, ports: codedHubPorts(memoryHubPorts(connection, recordingLogger(lines)), codec) };
}

/** As long as the body, and the same for all places: the contract looks at lengths, and listens to many subjects at once. */
const turned = (body: Uint8Array): Uint8Array => body.map((byte) => byte ^ 0x5a);
const turning: PayloadCodec = { encode: turned, decode: turned, maxOverheadBytes: 0 };

/** The hash of a large value is that of what is stored. */
const exceptHashes = ((title: string, body: Implementation<[]>) => {
  if (!title.includes('P15: what is put comes back whole')) test(title, body);
}) as TestFn;

portsContract(exceptHashes, async () => {
  const { world, connection, ports } = coded(turning);
  return {
    hub: 'contract',
    store: ports.store,
    tasks: ports.tasks,
    ports: (partition) => ports.partition(partition),
    settle: (promise) => world.scheduler.settle(promise),
    close: async () => connection.close(),
  };
});

test('a codec: what was encoded with a former key is read, what is not encoded or moved elsewhere never is', async (t) => {
  const lines: string[] = [];
  const { world, hub, connection, ports } = coded(new AesGcm(keys, 'a'), lines);
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise);
  const rotated = codedHubPorts(memoryHubPorts(connection, recordingLogger()), new AesGcm(keys, 'b'));
  const { subjects, views } = ports.partition(0);
  await settle(views.write(subjects.head('o.one'), bytes('{"v":1}'), 0));
  t.is(text(await settle(rotated.viewsOf(0).read(subjects.head('o.one')))), '{"v":1}');
  const { state, mail } = hub.streams(0);
  const raw = state.latest(subjects.head('o.one'))!;
  t.false(text(raw)!.includes('"v"'));

  state.store(subjects.head('o.two'), raw.body, raw.time); // moved
  state.store(subjects.head('o.three'), bytes('{"v":1}'), raw.time); // not encoded
  for (const id of ['two', 'three']) {
    const read = await settle(views.read(subjects.head(`o.${id}`)));
    t.is(read?.body[0], 0xff);
    t.throws(() => JSON.parse(text(read)!) as unknown);
  }
  mail.store(subjects.mail('o.one'), bytes('{"v":1,"kind":"event"}'), raw.time);
  const inbox = new Inbox(ports.partition(0).mailbox, 1);
  await world.scheduler.advance(100);
  t.is(inbox.messages[0]?.body[0], 0xff, 'nor does mail pass that nobody with the key has sent');
  const told = () => lines.filter((line) => line.includes('cannot be decoded')).length;
  t.is(told(), 2, 'of heads once, however many there are, and of mail');
  await world.scheduler.advance(5_000);
  await settle(views.read(subjects.head('o.two')));
  t.is(told(), 3, 'and again after a while');
});

test('a large value of which it is not known whether it is stored is put again as the same bytes', async (t) => {
  const { world, connection } = coded();
  const plain = memoryHubPorts(connection, recordingLogger());
  const sent: Uint8Array[] = [];
  const objects: ObjectStore = {
    replicas: 1,
    put: async (key, body) => (sent.push(body) === 1 ? undefined : plain.objects.put(key, body)),
    get: (reference) => plain.objects.get(reference),
    remove: (key) => plain.objects.remove(key),
    list: (before) => plain.objects.list(before),
    removeUnfinished: (before) => plain.objects.removeUnfinished(before),
  };
  const ports = codedHubPorts({ ...plain, objects }, new AesGcm(keys, 'a'));
  const [key, body] = ['o.one/1', bytes('"large"')];
  t.is(await ports.objects.put(key, body), undefined);
  const reference = await world.scheduler.settle(ports.objects.put(key, body));
  t.deepEqual(sent[1], sent[0]);
  const read = await world.scheduler.settle(ports.objects.get(reference!));
  t.is(new TextDecoder().decode(read), '"large"');
  await world.scheduler.settle(ports.objects.put('o.one/2', bytes('"large"')));
  t.notDeepEqual(sent[2], sent[0]);
});

test('a codec that makes bodies longer than it says is refused before anything is stored', async (t) => {
  const longer: PayloadCodec = { encode: (body) => new Uint8Array(body.length + 257), decode: turned };
  const { world, hub, ports } = coded(longer);
  const told = { code: 'PERDURE_CONFIG', message: /it made 259 bytes of 2, and maxOverheadBytes is 256/ };
  const partition = ports.partition(0);
  const { log, views, subjects } = partition;
  const writes: readonly (() => Promise<unknown>)[] = [
    () => log.append(bytes('{}'), 0),
    () => views.write(subjects.head('o.one'), bytes('{}'), 0),
    () => partition.mailOf(0).send(subjects.mail('o.one'), bytes('{}')),
    () => ports.tasks.publish('far', bytes('{}'), 'id'),
    () => ports.objects.put('o.one/1', bytes('{}')),
  ];
  for (const write of writes) await t.throwsAsync(() => world.scheduler.settle(write()), told);
  const streams = hub.streams(0);
  t.deepEqual([streams.log.last, streams.state.last, streams.mail.last, hub.objects.size], [0, 0, 0, 0]);
});

test('a message that is not stored gets lost when it cannot be encoded, and the log tells it once', async (t) => {
  const lines: string[] = [];
  const refusing: PayloadCodec = {
    encode: () => {
      throw new Error('no key');
    },
    decode: turned,
  };
  const { world, ports } = coded(refusing, lines);
  const heard: Uint8Array[] = [];
  ports.bus.subscribe('somewhere', (body) => void heard.push(body));
  for (let n = 0; n < 3; n++) ports.bus.publish('somewhere', bytes('{}'));
  await world.scheduler.advance(100);
  t.deepEqual(heard, []);
  t.deepEqual(lines, ['What is to be sent cannot be encoded: Error: no key']);
});

test('a codec that makes bodies longer leaves room for that', (t) => {
  const { connection, ports } = coded();
  const plain = memoryHubPorts(connection, recordingLogger());
  t.is(ports.maxBodyBytes, plain.maxBodyBytes - 62);
  t.is(ports.partition(0).maxBodyBytes, plain.maxBodyBytes - 62);
});
