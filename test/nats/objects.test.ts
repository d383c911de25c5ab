import test, { type ExecutionContext } from 'ava';
import { connect, nuid } from 'nats';
import { connectSession } from '../../lib/nats/connect.js';
import { openHub } from '../../lib/nats/hub.js';
import { JetStream } from '../../lib/nats/jetstream.js';
import { NatsObjectStore } from '../../lib/nats/object-store.js';
import { all, recordingLogger } from '../contract/harness.js';
import { startTestServer, type TestServer } from '../servers.js';
import { removeMessage } from './remove-message.js';

let server: TestServer;
let hubs = 0;

test.before(async () => {
  server = await startTestServer();
});

test.after.always(() => server.stop());

async function openObjects(t: ExecutionContext) {
  const session = await connectSession({ servers: server.url, logger: recordingLogger() });
  t.teardown(() => session.close());
  const hub = await openHub(session, { name: `objects-${hubs++}`, partitions: 1 });
  const connection = await connect({ servers: server.url });
  t.teardown(() => connection.close());
  const js = connection.jetstream({ timeout: 60_000 });
  const bucket = await js.views.os(hub.subjects.objects);
  const messages = async () => (await hub.jetStream.info(`OBJ_${hub.subjects.objects}`)).state.messages;
  return { hub, objects: hub.objects, js, bucket, messages };
}

const body = new TextEncoder().encode(JSON.stringify('x'.repeat(700_000)));

test('other clients read what is stored here, and here is read what they store', async (t) => {
  const { objects, bucket } = await openObjects(t);
  const reference = (await objects.put('e.album.summer/1', body))!;
  const info = (await bucket.info(reference.key))!;
  t.deepEqual([info.name, info.size, info.digest], [reference.key, body.length, reference.hash]);
  t.deepEqual(await bucket.getBlob(reference.key), body);
  t.deepEqual(
    (await bucket.list()).map(({ name }) => name),
    [reference.key],
  );
  const theirs = await bucket.putBlob({ name: 'e.album.winter/2' }, body);
  t.deepEqual(await objects.get({ key: theirs.name, bytes: theirs.size, hash: theirs.digest }), body);
  await objects.remove(theirs.name);
  t.is(await bucket.info(theirs.name), null);
  await bucket.delete(reference.key);
  t.is(await objects.get(reference), undefined);
  t.deepEqual(await all(objects.list(Infinity)), []);
});

test('a removed object leaves no message', async (t) => {
  const { objects, messages } = await openObjects(t);
  const before = await messages();
  await objects.put('o.a/1', body);
  t.is(await messages(), before + 1 + Math.ceil(body.length / (128 * 1024)));
  await objects.remove('o.a/1');
  t.is(await messages(), before);
});

test('an object whose store was not confirmed is not stored again when it is there', async (t) => {
  const { hub, messages } = await openObjects(t);
  let isLost = true;
  const jetStream = Object.assign(new JetStream(hub.session), {
    async store(...given: Parameters<typeof hub.jetStream.store>): Promise<number | undefined> {
      const sequence = await hub.jetStream.store(...given);
      return isLost && given[0].includes('.M.') ? undefined : sequence;
    },
  });
  const objects = new NatsObjectStore(jetStream, hub.subjects.objects, 1);
  t.is(await objects.put('o.a/1', body), undefined);
  const stored = await messages();
  isLost = false;
  const reference = (await objects.put('o.a/1', body))!;
  t.is(await messages(), stored);
  t.deepEqual(await hub.objects.get(reference), body);
});

test('chunks that were never described are removed, once they are old', async (t) => {
  const { hub, objects, messages, js } = await openObjects(t);
  const reference = (await objects.put('o.a/1', body))!;
  const whole = await messages();
  for (let i = 0; i < 3; i++) await js.publish(`$O.${hub.subjects.objects}.C.${nuid.next()}`, body.subarray(0, 1000));
  await objects.removeUnfinished(hub.session.clock.now() - 60_000);
  t.is(await messages(), whole + 3);
  await objects.removeUnfinished(Infinity);
  t.is(await messages(), whole);
  t.deepEqual(await objects.get(reference), body);
});

test('a damaged object is not there', async (t) => {
  const { hub, objects, bucket, js } = await openObjects(t);
  const info = async (key: string) => (await bucket.info(key))!;
  const chunks = (nuidOf: string) => `$O.${hub.subjects.objects}.C.${nuidOf}`;
  const shortened = (await objects.put('o.a/1', body))!;
  const stream = `OBJ_${hub.subjects.objects}`;
  const next = async (seq: number, subject: string) =>
    (await hub.jetStream.get(stream, { seq, next_by_subj: subject }))!;
  const first = await next(1, chunks((await info('o.a/1')).nuid));
  await removeMessage(hub.jetStream, stream, first.sequence);
  t.is(await objects.get(shortened), undefined);
  const lengthened = (await objects.put('o.a/2', body))!;
  const { nuid: name } = await info('o.a/2');
  await js.publish(chunks(name), body.subarray(0, 10));
  t.deepEqual(await objects.get(lengthened), body, 'what follows the described chunks is none of it');
  const changed = (await objects.put('o.a/3', body))!;
  const { nuid: third } = await info('o.a/3');
  const all3 = Math.ceil(body.length / (128 * 1024));
  for (let chunk = 0, seq = 1; chunk < all3; chunk++) {
    const found = await next(seq, chunks(third));
    seq = found.sequence + 1;
    await removeMessage(hub.jetStream, stream, found.sequence);
    const flipped = found.body.map((byte) => byte ^ 1);
    await js.publish(chunks(third), flipped);
  }
  t.is(await objects.get(changed), undefined);
});
