import test from 'ava';
import { Restaurant } from './restaurant.js';

test('an event is raised with 202; it needs JSON, an instance, and one that has not ended', async (t) => {
  const { post, get, pass } = await Restaurant.open();
  await post('/orchestrators/table/t');
  const json = { 'content-type': 'application/json' };
  t.is(
    (await post('/instances/t/raiseEvent/Guest', { text: 'ada', headers: { 'content-type': 'text/plain' } })).status,
    415,
  );
  t.is((await post('/instances/t/raiseEvent/Guest')).status, 415);
  t.is((await post('/instances/t/raiseEvent/Guest', { text: '', headers: json })).status, 400);
  t.is((await post('/instances/t/raiseEvent/Guest', { text: '{', headers: json })).status, 400);
  t.is((await post('/instances/nobody/raiseEvent/Guest', { body: 1 })).status, 404);
  const raised = await post('/instances/t/raiseEvent/Guest', { body: { name: 'ada' } });
  t.deepEqual([raised.status, raised.text], [202, '']);
  await pass();
  t.deepEqual((await get('/instances/t')).body.output as unknown, { name: 'ada' });
  const late = await post('/instances/t/raiseEvent/Guest', { body: 1 });
  t.like(late, { status: 410, body: { title: 'Gone', code: 'PERDURE_INSTANCE_ENDED' } });
});

test('the name of an event is decoded once', async (t) => {
  const { post, get } = await Restaurant.open();
  await post('/orchestrators/table/t');
  t.is((await post('/instances/t/raiseEvent/a%252Fb', { body: 1 })).status, 202);
  t.is((await post('/instances/t/raiseEvent/50%25%20off', { body: 1 })).status, 202);
  t.is((await post('/instances/t/raiseEvent/%zz', { body: 1 })).status, 400);
  t.is((await post('/instances/t/raiseEvent/%ff', { body: 1 })).status, 400);
  t.is((await post('/instances/t/raiseEvent/a%00b', { body: 1 })).status, 400);
  const { body } = await get('/instances/t?showHistory=true');
  const events = body.historyEvents as unknown as readonly { readonly Name?: string }[];
  t.deepEqual(
    events.flatMap(({ Name = [] }) => Name),
    ['a%2Fb', '50% off'],
  );
});

test('an instance is suspended, resumed and terminated with 202, also twice, and told why', async (t) => {
  const { post, get } = await Restaurant.open();
  await post('/orchestrators/table/t');
  for (let time = 0; time < 2; time++) t.is((await post('/instances/t/suspend?reason=lunch')).status, 202);
  t.like((await get('/instances/t')).body, { runtimeStatus: 'Suspended', reason: 'lunch' });
  for (let time = 0; time < 2; time++) t.is((await post('/instances/t/resume?reason=back')).status, 202);
  t.like((await get('/instances/t')).body, { runtimeStatus: 'Running' });
  const ended = await post('/instances/t/terminate?reason=fire');
  t.deepEqual([ended.status, ended.text], [202, '']);
  t.like((await get('/instances/t')).body, { runtimeStatus: 'Terminated', output: 'fire' });
});

test('what is asked of an instance that has ended is gone, of one that there is not, not found', async (t) => {
  const { post, pass } = await Restaurant.open();
  await post('/orchestrators/meal/m', { body: 'rice' });
  await pass();
  for (const verb of ['terminate', 'suspend', 'resume', 'cancel', 'rewind']) {
    t.is((await post(`/instances/m/${verb}?reason=x`)).status, 410, verb);
    t.is((await post(`/instances/nobody/${verb}?reason=x`)).status, 404, verb);
  }
});

test('a failed instance is rewound; one that runs is a bad request, any other end is gone', async (t) => {
  const { post, get, pass, kitchen } = await Restaurant.open();
  kitchen.isBroken = true;
  await post('/orchestrators/meal/m', { body: 'rice' });
  await post('/orchestrators/table/t');
  await pass();
  t.like(await post('/instances/t/rewind'), { status: 400, body: { code: 'PERDURE_NOT_REWINDABLE' } });
  await post('/instances/t/terminate');
  t.is((await post('/instances/t/rewind')).status, 410);
  kitchen.isBroken = false;
  t.is((await post('/instances/m/rewind?reason=mended')).status, 202);
  await pass();
  t.like((await get('/instances/m')).body, { runtimeStatus: 'Completed', output: 'hot rice' });
});

test('an instance is started again as another one, or as itself when it has ended', async (t) => {
  const { post, get, pass } = await Restaurant.open();
  await post('/orchestrators/meal/m', { body: 'rice' });
  await post('/orchestrators/table/t');
  await pass();
  const other = await post('/instances/m/restart');
  t.is(other.status, 202);
  t.not(other.body.id, 'm');
  t.is(other.headers.get('location'), other.body.statusQueryGetUri!);
  t.false('rewindPostUri' in other.body);
  await pass();
  t.like((await get(`/instances/${other.body.id}`)).body, { name: 'meal', input: 'rice', output: 'hot rice' });
  t.is((await post('/instances/m/restart?restartWithNewInstanceId=false')).body.id, 'm');
  t.is((await post('/instances/t/restart?restartWithNewInstanceId=true')).status, 202);
  const running = await post('/instances/t/restart?restartWithNewInstanceId=false');
  t.like(running, { status: 400, body: { code: 'PERDURE_REFUSED_REQUEST' } });
  t.is((await post('/instances/nobody/restart')).status, 400, 'as in the original');
});

test('an instance is asked queries and sent updates, whose results or failures are the answers', async (t) => {
  const { post, pass } = await Restaurant.open();
  await post('/orchestrators/tab/t');
  const added = await post('/instances/t/update/add', { body: 12 });
  t.deepEqual([added.status, added.body as unknown], [200, 12]);
  t.deepEqual((await post('/instances/t/update/add', { body: 8 })).body as unknown, 20);
  const told = await post('/instances/t/query/sum');
  t.deepEqual([told.status, told.body as unknown], [200, 20]);
  t.like(await post('/instances/t/update/add', { body: -1 }), {
    status: 500,
    body: { code: 'PERDURE_UPDATE_FAILED', failure: { name: 'RangeError', message: 'nothing is given back' } },
  });
  t.like(await post('/instances/t/query/broken'), { status: 500, body: { code: 'PERDURE_QUERY_FAILED' } });
  t.is((await post('/instances/t/update/add', { body: 'much' })).status, 400);
  for (const name of ['nothing', 'constructor', 'run', '__proto__']) {
    t.is((await post(`/instances/t/update/${name}`)).status, 404, name);
    t.is((await post(`/instances/t/query/${name}`)).status, 404, name);
  }
  for (const kind of ['query/sum', 'update/add']) t.is((await post(`/instances/nobody/${kind}`)).status, 404);
  await post('/instances/t/raiseEvent/Paid', { body: true });
  await pass();
  t.is((await post('/instances/t/update/add', { body: 1 })).status, 410);
  t.deepEqual((await post('/instances/t/query/sum')).body as unknown, 20, 'also of one that has ended');
});

test('an instance of a version that no worker has says so: in its status, and when it is asked a query', async (t) => {
  const { post, get, pass } = await Restaurant.open();
  await post('/orchestrators/tab/t?version=7');
  await pass();
  t.like((await get('/instances/t')).body, { runtimeStatus: 'Pending', version: '7', nameWithoutWorker: 'tab@7' });
  const { status, body, headers } = await post('/instances/t/query/sum');
  t.deepEqual([status, body.code, headers.get('retry-after')], [503, 'PERDURE_NO_WORKER', '1']);
  t.regex(body.detail!, /orchestrator "tab@7"/);
  await post('/orchestrators/tab/u');
  t.false('nameWithoutWorker' in (await get('/instances/u')).body);
});

test('a request that asks something is refused with what a form of another site can send', async (t) => {
  const { post, get, delete: remove } = await Restaurant.open();
  await post('/orchestrators/table/t');
  const form = { text: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  const plain = { text: '{}', headers: { 'content-type': 'text/plain' } };
  for (const path of [
    '/orchestrators/table',
    '/instances',
    '/instances/t/raiseEvent/Guest',
    '/instances/t/terminate',
    '/instances/t/suspend',
    '/instances/t/resume',
    '/instances/t/cancel',
    '/instances/t/rewind',
    '/instances/t/query/sum',
    '/instances/t/update/add',
    '/instances/t/restart',
    '/entities/till/a?op=put',
    '/entities/till/a/call/put',
    '/makeprimary',
  ])
    for (const ask of [form, plain]) t.is((await post(path, ask)).status, 415, path);
  t.like((await get('/instances/t')).body, { runtimeStatus: 'Running' });
  t.is((await remove('/instances/t')).status, 404);
});
