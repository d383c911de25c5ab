import { randomBytes } from 'node:crypto';
import test, { type Implementation, type TestFn } from 'ava';
import { AesGcm } from '../../samples/encryption/aes-gcm.js';
import { codedHubPorts } from '../../lib/nats/coded-ports.js';
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
  t.is(lines.filter((line) => line.includes('cannot be decoded')).length, 3);
});

test('a codec that makes bodies longer leaves room for that', (t) => {
  const { connection, ports } = coded();
  const plain = memoryHubPorts(connection, recordingLogger());
  t.is(ports.maxBodyBytes, plain.maxBodyBytes - 62);
  t.is(ports.partition(0).maxBodyBytes, plain.maxBodyBytes - 62);
});
