import test from 'ava';
import { connect } from 'nats';
import {
  connectTaskHub,
  createTaskHub,
  deleteTaskHub,
  inspectTaskHub,
  OrchestrationContext,
  TaskHubClient,
  TaskHubWorker,
  type Orchestration,
} from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Query, Run } from 'perdure/decorators';
import { HttpApi } from 'perdure/http';
import { hubPermissions } from '../../lib/nats/permissions/hub-permissions.js';
import { recordingLogger } from '../contract/harness.js';
import { until } from '../until.js';
import { refusedOf, startServerWithRoles } from './role-servers.js';

@Entity('album')
class Album {
  state: { pages: string[] } = { pages: [] };
  @Operation() add(page: string): number {
    return this.state.pages.push(page);
  }
}

class Studio {
  @Activity() print(page: string): string {
    return `printed ${page.length}`;
  }
  @Activity({ queue: 'lab' }) develop(page: string): string {
    return `developed ${page.length}`;
  }
}

@Orchestrator('publish')
class Publish {
  pages = 0;
  @Run() *run(page: string, ctx: OrchestrationContext): Orchestration<string[]> {
    const results = [yield* ctx.callActivity(Studio).print(page), yield* ctx.callActivity(Studio).develop(page)];
    this.pages = yield* ctx.callEntity(Album, 'a').add(page);
    yield* ctx.createTimer(1);
    results.push(yield* ctx.waitForExternalEvent<string>('Approved'));
    return results;
  }
  @Query() count(): number {
    return this.pages;
  }
}

const hosted = { orchestrators: [Publish], activities: [new Studio()], entities: [Album] };
const large = 'x'.repeat(300_000);
const refusals = (lines: readonly string[]) => lines.filter((line) => /refused something|PERMISSIONS/.test(line));

test('client, worker and gateway do all of their work as such, and nothing of it is refused', async (t) => {
  const around = await startServerWithRoles(t, 'bank');
  const { lines } = around;
  const open = around.open.bind(around);
  let worker = await TaskHubWorker.start(await open('worker'), hosted);
  const client = new TaskHubClient(await open('client'));
  t.is(await client.callEntity(Album, 'a').add('first'), 1);
  await client.signalEntity(Album, 'a').add(large);
  const handle = await client.startNew(Publish, large, { instanceId: 'p', tags: { of: 'a' } });
  await until(async () => (await handle.query().count()) === 3, 'the third page');
  await handle.suspend('a pause');
  await handle.resume();

  // A takeover by another worker, with all that is removed and stored on the way.
  await worker.stop();
  t.is((await handle.status()).source, 'view', 'without a worker the client looks itself');
  t.deepEqual((await client.listInstanceIds({ tags: { of: 'a' } })).instanceIds, ['p']);
  t.is((await client.readEntityState(Album, 'a')).entityState?.pages.length, 3, 'also at large values');
  worker = await TaskHubWorker.start(await open('worker'), hosted);
  t.teardown(() => worker.stop());

  const api = new HttpApi(new TaskHubClient(await open('gateway')), { orchestrators: [Publish], entities: [Album] });
  const asked = (path: string, init?: RequestInit) =>
    api.fetch(new Request(`http://localhost${api.basePath}${path}`, init));
  const approved = { method: 'POST', body: '"yes"', headers: { 'content-type': 'application/json' } };
  t.is((await asked('/instances/p/raiseEvent/Approved', approved)).status, 202);
  t.deepEqual(await handle.result(), ['printed 300000', 'developed 300000', 'yes']);
  t.is((await asked('/instances/p')).status, 200);
  t.is((await asked('/instances?top=5')).status, 200);
  t.is((await asked('/entities/album/a')).status, 200);

  const watched: string[] = [];
  for await (const { runtimeStatus } of handle.watch()) watched.push(runtimeStatus);
  t.deepEqual(watched, ['Completed']);
  t.true(((await handle.status({ fetchHistory: true })).history ?? []).length > 5);
  t.is((await client.inspect()).filter(({ worker: owner }) => owner !== undefined).length, 2);
  t.deepEqual((await client.namesWithoutWorker()).names, []);
  await handle.purge();
  t.deepEqual(refusals(lines), []);
});

test('an admin makes, inspects and deletes the hub; who is none is refused to, and is told which right is missing', async (t) => {
  const { options } = await startServerWithRoles(t, 'bank');
  const logger = recordingLogger();
  t.is((await inspectTaskHub({ ...options('admin'), logger })).partitions, 2);
  await t.throwsAsync(() => deleteTaskHub({ ...options('worker'), logger, timeoutInMilliseconds: 2_000 }), {
    code: 'PERDURE_PERMISSION_DENIED',
  });
  t.true(await deleteTaskHub({ ...options('admin'), logger }));
  await t.throwsAsync(() => createTaskHub({ ...options('worker'), logger }), {
    code: 'PERDURE_PERMISSION_DENIED',
    message: /STREAM\.CREATE\.KV_PD-bank/,
  });
  for (const role of ['client', 'gateway'] as const)
    await t.throwsAsync(() => connectTaskHub({ ...options(role), logger, timeoutInMilliseconds: 5_000 }), {
      code: 'PERDURE_PERMISSION_DENIED',
      message: /STREAM\.CREATE\.KV_PD-bank/,
    });
  const { streams } = await createTaskHub({ ...options('admin'), partitions: 2, logger });
  t.is(streams.length, 10);
});

/** What each role must not do, one line per reason. */
const forbidden: Record<'client' | 'worker' | 'admin', readonly string[]> = {
  client: [
    'pd.bank.0.l', // a log
    'pd.bank.0.s.e.album.a', // a head
    'pd.bank.0.c', // a checkpoint
    'pd.bank.0.h.p.x.1.1', // a history
    'pd.bank.0.w.o.p', // a wake record
    'pd.bank.a.lab', // a work queue
    'pd.bank.a.q', // the work queue of that name, beside the subject of queries
    'pd.bank.dead.0',
    'pd.bank.r', // what owners tell each other
    'pd.bank.w',
    'pd.bank.u',
    'pd.bank.x.worker',
    'pd.bank.2.m.o.p', // a partition that the hub does not have
    'pd.shop.0.m.o.p', // another hub
    '$KV.PD-bank.hub',
    '$O.PD-shop-values.C.x',
    '$JS.ACK.PD-bank-tasks.lab.1.1.1.1.0', // others' work
    '$JS.API.CONSUMER.MSG.NEXT.PD-bank-tasks.lab',
    '$JS.API.CONSUMER.CREATE.PD-bank-tasks.x',
    '$JS.API.CONSUMER.CREATE.PD-bank-0-state.x', // the server would deliver wherever its maker says
    '$JS.API.STREAM.MSG.GET.PD-bank-0-log',
    '$JS.API.STREAM.MSG.GET.PD-bank-0-mail',
    '$JS.API.STREAM.MSG.GET.PD-shop-0-state',
    '$JS.API.STREAM.INFO.PD-shop-0-state',
    '$JS.API.STREAM.PURGE.PD-bank-0-state',
    '$JS.API.STREAM.DELETE.PD-bank-0-state',
    '$JS.API.STREAM.UPDATE.PD-bank-0-state',
    '$JS.API.STREAM.CREATE.mine',
    '$JS.API.STREAM.NAMES',
    '_INBOX_PD-bank.x.o', // an outcome, as if it came from an owner
    '$SYS.REQ.SERVER.PING',
  ],
  worker: [
    'pd.shop.0.m.o.p',
    'pd.shop.0.l',
    '$KV.PD-shop.hub',
    '$JS.ACK.PD-shop-tasks.lab.1.1.1.1.0',
    '$JS.API.STREAM.MSG.GET.PD-shop-0-log',
    '$JS.API.STREAM.CREATE.PD-bank-0-log',
    '$JS.API.STREAM.UPDATE.PD-bank-0-log',
    '$JS.API.STREAM.DELETE.PD-bank-0-log',
    '$JS.API.STREAM.PURGE.PD-shop-0-log',
    '$JS.API.STREAM.NAMES',
    '_INBOX_PD-shop.x.o',
  ],
  admin: [
    'pd.shop.0.l',
    '$JS.ACK.PD-bank-tasks.lab.1.1.1.1.0',
    '$JS.API.STREAM.DELETE.PD-shop-0-log',
    '$JS.API.STREAM.CREATE.mine',
    '$JS.API.STREAM.NAMES',
    '_INBOX_PD-bank.x.o',
  ],
};
const eavesdropping = ['>', 'pd.>', 'pd.bank.>', 'pd.shop.0.q', '_INBOX.>', '_INBOX_PD-shop.>', '$JS.>', '$SYS.>'];

test('each role is refused what is not its work', async (t) => {
  const around = await startServerWithRoles(t, 'bank');
  for (const [role, subjects] of Object.entries(forbidden)) {
    const connection = await around.connect(role as keyof typeof forbidden);
    t.deepEqual(await refusedOf(connection, 'publish', subjects), subjects, role);
    t.deepEqual(await refusedOf(connection, 'subscription', eavesdropping), eavesdropping, role);
  }
  const { client, gateway } = hubPermissions('bank', 2).roles;
  t.deepEqual(gateway, client, 'a gateway is a client');
});

test('what the server itself publishes for a client, as answers and deliveries, reaches no stream of the hub either', async (t) => {
  const around = await startServerWithRoles(t, 'bank');
  const worker = await TaskHubWorker.start(await around.open('worker'), hosted);
  const client = new TaskHubClient(await around.open('client'));
  for (const key of ['a', 'b', 'c', 'd']) await client.callEntity(Album, key).add('page');
  await client.close();
  await worker.stop(); // from here on nobody writes logs and heads

  const admin = await around.connect('admin');
  const ends = async () => {
    const streams = ['PD-bank-0-log', 'PD-bank-1-log', 'PD-bank-0-state', 'PD-bank-1-state', 'PD-bank-tasks'];
    const infos = streams.map(async (stream) => {
      const { state } = (await admin.request(`$JS.API.STREAM.INFO.${stream}`)).json<{ state: { last_seq: number } }>();
      return state.last_seq;
    });
    return Promise.all(infos);
  };
  const before = await ends();
  t.true(before.every((end, at) => end > 0 || at === 4));
  const hostile = await around.connect('client');
  const places = ['pd.bank.0.l', 'pd.bank.1.s.e.album.z', 'pd.bank.a.lab', 'pd.bank.0.c'];
  for (const place of places) {
    const say = (subject: string, body: object | string = '') =>
      hostile.publish(subject, typeof body === 'string' ? body : JSON.stringify(body), { reply: place });
    say('$JS.API.INFO');
    say('$JS.API.STREAM.MSG.GET.KV_PD-bank', { last_by_subj: '$KV.PD-bank.hub' });
    say('pd.bank.0.m.o.zz', '{}');
    for (const partition of [0, 1]) {
      say(`pd.bank.${partition}.q`, { v: 1, kind: 'inspect' });
      say(`$JS.API.DIRECT.GET.PD-bank-${partition}-state`, { batch: 10, seq: 1, next_by_subj: 'pd.>' });
    }
  }
  await hostile.flush();
  // Behind all that the server does for it: an answer that it may have.
  await hostile.request('$JS.API.INFO');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  t.deepEqual(await ends(), before);
});

test('a client of one hub can do nothing with another hub of the same server', async (t) => {
  const around = await startServerWithRoles(t, 'bank');
  await t.throwsAsync(
    () =>
      connectTaskHub({
        ...around.options('client'),
        name: 'shop',
        logger: recordingLogger(),
        timeoutInMilliseconds: 5_000,
      }),
    { code: 'PERDURE_PERMISSION_DENIED' },
  );
  await t.throwsAsync(() => connect({ servers: around.server.address }), { code: 'AUTHORIZATION_VIOLATION' });
});
