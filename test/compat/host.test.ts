import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import test from 'ava';
import { appFolder } from '../../lib/cli/functions/function-files.js';
import { CrossOrigin } from '../../lib/compat/host/cross-origin.js';
import { hostSettings, isWritten, timeSpan } from '../../lib/compat/host/host-json.js';
import type { InvocationContext } from '../../lib/compat/functions/invocation-context.js';
import { Invocations } from '../../lib/compat/host/invocations.js';
import { localSettings } from '../../lib/compat/host/local-settings.js';
import { occurrencesOf } from '../../lib/compat/host/ncrontab.js';
import { invokedWithRetries, pauseOf } from '../../lib/compat/host/retries.js';
import { RouteTemplate } from '../../lib/compat/host/routes.js';
import { temporaryFolder } from './func.js';

test('routes fit paths, with names, constraints, optional parts and the rest', (t) => {
  const match = (template: string, path: string) => new RouteTemplate(template, 'f').match(path);
  t.deepEqual(match('/api/orders/{id}', '/api/orders/a%20b'), { id: 'a b' });
  t.deepEqual(match('/api/orders/{id}', '/API/Orders/7/'), { id: '7' });
  t.deepEqual(match('/api/orders/{id}', '/api/orders/100%'), { id: '100%' });
  t.is(match('/api/orders/{id}', '/api/orders'), undefined);
  t.is(match('/api/orders/{id}', '/api/orders/7/lines'), undefined);
  t.deepEqual(match('/api/orders/{id:int?}', '/api/orders'), {});
  t.is(match('/api/orders/{id:int}', '/api/orders/seven'), undefined);
  t.deepEqual(match('/api/{name:regex(^[a-c]+$)}', '/api/abc'), { name: 'abc' });
  t.is(match('/api/{name:regex(^[a-c]+$)}', '/api/xyz'), undefined);
  t.deepEqual(match('/api/{day:datetime}-{kind:alpha}.json', '/api/2026-05.json'), undefined);
  t.deepEqual(match('/api/report-{year:int}.{form}', '/api/report-2026.pdf'), { year: '2026', form: 'pdf' });
  t.deepEqual(match('/files/{*path}', '/files/a/b'), { path: 'a/b' });
  t.deepEqual(match('/a.c', '/abc'), undefined);
  t.throws(() => new RouteTemplate('/api/{}', 'f'), { message: 'f: the route has {}, which names nothing' });
});

test('of routes that fit, the one that says most is meant', (t) => {
  const weights = ['/a/b', '/a/{n:int}', '/a/{n}', '/{*rest}'].map((one) => new RouteTemplate(one, 'f').weight);
  t.deepEqual(
    weights,
    weights.toSorted((a, b) => b - a),
  );
  t.is(new Set(weights).size, weights.length);
});

test('schedules are NCRONTAB with seconds, or time spans', (t) => {
  const next = (schedule: string, after = '2026-01-01T00:00:00Z') =>
    occurrencesOf(schedule, 'f').next(new Date(after))?.toISOString();
  t.is(next('0 */5 * * * *'), '2026-01-01T00:05:00.000Z');
  t.is(next('30 0 3 * * *'), '2026-01-01T03:00:30.000Z');
  t.is(next('0 30 9 * * 1-5', '2026-01-02T10:00:00Z'), '2026-01-05T09:30:00.000Z');
  t.is(next('0 0 12 1 * 1'), '2026-06-01T12:00:00.000Z', 'the day of the month and that of the week');
  t.is(next('*/5 * * * *'), '2026-01-01T00:05:00.000Z');
  t.is(next('00:00:30'), '2026-01-01T00:00:30.000Z');
  t.is(next('1.00:00:00'), '2026-01-02T00:00:00.000Z');
  for (const wrong of ['', 'often', '00:00:00', '99 * * * * *'])
    t.throws(() => occurrencesOf(wrong, 'f'), { message: /^f: its schedule |^f: must be a time span/ }, wrong);
  t.throws(() => occurrencesOf(undefined, 'f'), { message: 'f: a timer needs a schedule' });
});

test('host.json: what has a meaning is honoured, the rest is named', (t) => {
  const { ignored, ...none } = hostSettings(undefined);
  t.deepEqual(none, {
    hubName: 'TestHubName',
    routePrefix: 'api',
    functionTimeout: undefined,
    maxConcurrentActivities: undefined,
    pollingInterval: undefined,
    partitions: undefined,
    version: undefined,
    versionMatchStrategy: undefined,
    replacesRunning: false,
    logLevel: 'information',
  });
  t.deepEqual(ignored, []);
  process.env['HOST_TEST_HUB'] = 'fromSetting';
  const settings = hostSettings(`\uFEFF{
    "version": "2.0", // with a comment
    "functionTimeout": "00:10:00",
    "extensionBundle": { "id": "Microsoft", "version": "[4.*, 5.0.0)" },
    /* and another */
    "logging": { "logLevel": { "default": "Warning", "Host.Triggers": "Debug" } },
    "extensions": {
      "http": { "routePrefix": "/v1/" },
      "durableTask": {
        "hubName": "%HOST_TEST_HUB%",
        "maxConcurrentActivityFunctions": 7,
        "maxConcurrentOrchestratorFunctions": 9,
        "defaultVersion": "2.0",
        "versionMatchStrategy": "Strict",
        "overridableExistingInstanceStates": "AnyState",
        "extendedSessionsEnabled": true,
        "httpSettings": { "defaultAsyncRequestSleepTimeMilliseconds": 500 },
        "storageProvider": { "type": "AzureStorage", "partitionCount": 3 }
      }
    }
  }`);
  t.deepEqual(settings, {
    hubName: 'fromSetting',
    routePrefix: 'v1',
    functionTimeout: 600_000,
    maxConcurrentActivities: 7,
    pollingInterval: 500,
    partitions: 3,
    version: '2.0',
    versionMatchStrategy: 'strict',
    replacesRunning: true,
    logLevel: 'warning',
    ignored: [
      'logging.logLevel.Host.Triggers',
      'extensions.durableTask.maxConcurrentOrchestratorFunctions',
      'extensions.durableTask.extendedSessionsEnabled',
      'extensions.durableTask.storageProvider.type',
    ],
  });
  t.throws(() => hostSettings('[]'), { message: 'host.json: must be an object' });
  t.throws(() => hostSettings('{"functionTimeout":"soon"}'), { message: /^functionTimeout: must be a time span/ });
  t.is(timeSpan('-1', 'x'), undefined);
  t.true(isWritten('error', 'warning') && isWritten('trace', 'trace'));
  t.false(isWritten('information', 'warning') || isWritten('critical', 'none'));
});

test('local.settings.json: values, port and origins', (t) => {
  t.deepEqual(localSettings(undefined), { values: {}, port: undefined, origins: [] });
  t.deepEqual(localSettings('{"Values":{"A":"1","B":2},"Host":{"LocalHttpPort":7072,"CORS":"http://a, http://b"}}'), {
    values: { A: '1', B: '2' },
    port: 7072,
    origins: ['http://a', 'http://b'],
  });
});

test('with * pages of any origin may ask functions, and none the management API', (t) => {
  const crossOrigin = new CrossOrigin(['*']);
  t.deepEqual(crossOrigin.listed, []);
  const asked = new Request('http://localhost/api/a', { headers: { origin: 'http://anywhere' } });
  const headersOf = (answer: Response) => answer.headers.get('access-control-allow-origin');
  t.is(headersOf(crossOrigin.readable(asked, new Response('a'))), '*');
  const own = new Response('a', { headers: { 'access-control-allow-origin': 'http://own' } });
  t.is(headersOf(crossOrigin.readable(asked, own)), 'http://own', 'a function may say it itself');
  t.is(headersOf(new CrossOrigin([]).readable(asked, new Response('a'))), null);
});

test('a function is tried again as its retry says', async (t) => {
  const seen: unknown[] = [];
  const retry = { strategy: 'fixedDelay', maxRetryCount: 2, delayInterval: { milliseconds: 1 } } as const;
  const handler = (_: unknown, { retryContext }: InvocationContext) => {
    seen.push([retryContext?.retryCount, retryContext?.exception?.message]);
    throw new Error(`attempt ${seen.length}`);
  };
  const options = { trigger: { type: 'timerTrigger', name: 't' }, extraInputs: [], extraOutputs: [] };
  const registered = { name: 'f', handler, options, retry };
  const invocations = new Invocations(
    () => {},
    () => t.fail() as never,
  );
  await t.throwsAsync(invokedWithRetries(registered, {}, invocations), { message: 'attempt 3' });
  t.deepEqual(seen, [
    [0, undefined],
    [1, 'attempt 1'],
    [2, 'attempt 2'],
  ]);
  const backoff = { strategy: 'exponentialBackoff', maxRetryCount: -1, minimumInterval: 10 } as const;
  const pauses = [0, 1, 2, 9].map((count) => pauseOf({ ...backoff, maximumInterval: { seconds: 1 } }, count));
  t.deepEqual(pauses, [10, 20, 40, 1_000]);
});

test('the modules of an app are those that main names', async (t) => {
  const folder = await temporaryFolder(t);
  const files = ['src/index.js', 'src/functions/b.js', 'src/functions/a.js', 'src/functions/deep/c.mjs', 'src/a.ts'];
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), '');
  }
  const found = async (main: string) => {
    await writeFile(join(folder, 'package.json'), JSON.stringify({ main }));
    return appFolder(folder).files.map((file) => relative(folder, file));
  };
  t.deepEqual(await found('src/functions/*.js'), ['src/functions/a.js', 'src/functions/b.js']);
  t.deepEqual(await found('./src/{index.js,functions/*.js}'), [
    'src/functions/a.js',
    'src/functions/b.js',
    'src/index.js',
  ]);
  t.deepEqual(await found('src/**/*.{js,mjs}'), [
    'src/functions/a.js',
    'src/functions/b.js',
    'src/functions/deep/c.mjs',
    'src/index.js',
  ]);
  t.deepEqual(await found('src/functions/[!a].js'), ['src/functions/b.js']);
  t.deepEqual(await found('src/index'), ['src/index.js']);
  t.deepEqual(await found('src'), ['src/index.js']);
  await t.throwsAsync(found('lib/*.js'), { message: /no file fits/ });
});
