import test from 'ava';
import {
  connectTaskHub,
  OrchestrationContext,
  TaskHubClient,
  TaskHubWorker,
  type Orchestration,
  type TaskHub,
} from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { Album, Frame, Gallery, picture, Print, Studio } from '../engine/album.js';
import { all, recordingLogger } from '../contract/harness.js';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';

/** Values too large for messages on a real server, as users hand them over and get them back. */

const MIB = 1024 * 1024;
let server: TestServer;
let hub: TaskHub;
let worker: TaskHubWorker;
let client: TaskHubClient;
const warnings: string[] = [];

/** One text on all its ways: input, an activity's input and result, output. */
@Orchestrator('echo')
class Echo {
  @Run({ input: String }) *run(text: string, context: OrchestrationContext): Orchestration<string> {
    return yield* context.callActivity(Voice).say(text);
  }
}

class Voice {
  @Activity({ input: String }) say(text: string): string {
    return text;
  }
}

@Entity('keeper')
class Keeper {
  state = { text: '' };
  @Operation({ input: String }) keep(text: string): number {
    return (this.state.text = text).length;
  }
  @Operation({ readonly: true }) text(): string {
    return this.state.text;
  }
}

const hosted = {
  entities: [Album, Keeper],
  orchestrators: [Print, Frame, Gallery, Echo],
  activities: [new Studio(), new Voice()],
};

test.before(async () => {
  server = await startTestServer();
  hub = await connectTaskHub({ name: 'studio', servers: server.url, partitions: 3, logger: recordingLogger(warnings) });
  worker = await TaskHubWorker.start(hub, hosted);
  client = new TaskHubClient(hub, { timeoutInMilliseconds: 120_000 });
});
test.after.always(async () => {
  await client?.close();
  await worker?.stop();
  await hub?.close();
  await server?.stop();
});

const keys = async (): Promise<string[]> => (await all(hub.ports.objects.list(Infinity))).map(({ key }) => key);

test.serial('5 MiB go from a client through orchestrator, activity, child and entity, and come back', async (t) => {
  const text = picture(5 * MIB, 'sea');
  const framed = `[${text.toUpperCase()}]`;
  const handle = await client.startNew(Print, text, { instanceId: 'large' });
  t.is(await handle.result(), `${framed}large`);
  const status = await handle.status();
  t.true(status.input === text && status.output === `${framed}large`);
  const [started, scheduled] = await handle.history();
  t.true(started?.type === 'ExecutionStarted' && started.input === text && !('inputRef' in started));
  t.true(scheduled?.type === 'TaskScheduled' && scheduled.input === text);
  const { entityState } = await client.readEntityState(Album, 'prints');
  t.true(entityState?.pictures[0] === framed && entityState.shown === 1);
  t.is(await client.callEntity(Album, 'prints').show(0), framed);
});

test.serial('another worker finds them, and a client without a worker reads them from the views', async (t) => {
  await client.signalEntity(Album, 'stored').add(picture(MIB, 'a'));
  await client.callEntity(Album, 'stored').thumbnails();
  await worker.stop();
  const { entityState, source } = await client.readEntityState(Album, 'stored');
  t.is(source, 'view');
  t.is(entityState?.pictures[0], picture(MIB, 'a'));
  const handle = client.getHandle(Print, 'large');
  t.is(((await handle.status()).output as string).length, 5 * MIB + 2 + 'large'.length);
  worker = await TaskHubWorker.start(hub, hosted);
  t.is(await client.callEntity(Album, 'stored').show(0), picture(MIB, 'a'));
});

test.serial('16 MiB are taken, a byte more is refused at the door, and all goes on', async (t) => {
  const before = await keys();
  const most = 16 * MIB - 2; // with its quotes
  const refused = { code: 'PERDURE_PAYLOAD_TOO_LARGE', message: /16777217 > 16777216 bytes/ } as never;
  const tooLarge = 'x'.repeat(most + 1);
  await t.throwsAsync(client.startNew(Print, tooLarge), refused);
  await t.throwsAsync(client.callEntity(Album, 'k').add(tooLarge), refused);
  await t.throwsAsync(client.signalEntity(Album, 'k').add(tooLarge), refused);
  await t.throwsAsync(client.raiseEvent('large', 'hang', tooLarge), refused);
  const added = (await keys()).filter((key) => !before.includes(key));
  t.deepEqual(
    added.filter((key) => !key.startsWith('e.album.stored/')), // its state, which is stored behind the last call
    [],
  );
  const gallery = await client.startNew(Gallery, '', { instanceId: 'gallery' });
  await gallery.raiseEvent('hang', 'x'.repeat(most));
  await until(async () => (await gallery.history()).length === 2, 'the event');
  const [, raised] = await gallery.history();
  t.true(raised?.type === 'EventRaised' && (raised.input as string).length === most);
});

test.serial('what a state, an execution and a run held is gone from the store once nothing names it', async (t) => {
  await client.signalEntity(Album, 'stored').keep(0);
  // What was called for is kept until the client says, at the latest in a minute, that it has it.
  await client.signalEntity(Album, 'prints').burn();
  await until(async () => !(await keys()).some((key) => key.startsWith('e.')), 'the entities to hold nothing');
  await client.raiseEvent('gallery', 'hang', picture(MIB, 'b'));
  const gallery = client.getHandle(Gallery, 'gallery');
  // The input of its next execution would be 17 MiB of two pictures.
  await until(async () => (await gallery.status()).runtimeStatus === 'Failed', 'the failure');
  t.is((await gallery.status()).failure?.code, 'PERDURE_PAYLOAD_TOO_LARGE');
  for (const id of ['large', 'gallery']) {
    const again = await client.startNew(Gallery, '', { instanceId: id });
    for (const data of ['', '']) await again.raiseEvent('hang', data);
    t.is(await again.result(), '');
  }
  const isOfThem = (key: string): boolean => /^o\.(?:large|gallery)\//.test(key);
  await until(async () => !(await keys()).some(isOfThem), 'the replaced runs to hold nothing');
  t.deepEqual(
    warnings.filter((line) => !/Consumer of (?:mail is replaced|tasks is looked after)/.test(line)),
    [],
  ); // a busy machine keeps a consumer silent
});

/** Texts whose JSON has 262,144 bytes of UTF-8 beside that of what is around it, or one more. */
const edges = [
  ['one byte a character', 'x'.repeat(262_142 - 12)],
  ['two bytes a character', 'é'.repeat((262_142 - 12) / 2)],
] as const;

for (const [what, edge] of edges)
  test.serial(`262,144 bytes travel in messages, 262,145 in the object store: ${what}`, async (t) => {
    const id = what.slice(0, 3);
    const keysOf = async (address: string) => (await keys()).filter((key) => key.startsWith(`${address}/`));
    for (const [name, more] of [
      ['most', ''],
      ['more', 'y'],
    ] as const) {
      const text = `${edge}${'z'.repeat(12)}${more}`;
      t.is(Buffer.byteLength(JSON.stringify(text)), 262_144 + more.length);
      const handle = await client.startNew(Echo, text, { instanceId: `${name}-${id}` });
      t.true((await handle.result()) === text);
      t.is((await keysOf(`o.${name}-${id}`)).length > 0, more !== '', name);

      // The state has 11 bytes around the text, the message that brings it less than the limit.
      const state = text.slice(0, edge.length) + 'z'.repeat(3) + more;
      t.is(Buffer.byteLength(JSON.stringify({ text: state })), 262_144 + more.length);
      t.is(await client.callEntity(Keeper, `${name}-${id}`).keep(state), state.length);
      t.is((await keysOf(`e.keeper.${name}-${id}`)).length, more.length, name);
      t.true((await client.callEntity(Keeper, `${name}-${id}`).text()) === state);
    }
  });
