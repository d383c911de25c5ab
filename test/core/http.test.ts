import test from 'ava';
import type { CallHttpOptions, DurableHttpResponse, TaskFailedError } from '../../lib/index.js';
import { retryAfter } from '../../lib/core/retry-after.js';
import { completed, failureOf, play, start, waiting } from './surroundings.js';

const origin = 'https://api.example';

function answer(statusCode: number, headers: Record<string, string> = {}, url = `${origin}/jobs`): DurableHttpResponse {
  return { statusCode, headers, content: '', isBase64Encoded: false, url };
}

/** An orchestration that makes one call and returns its answer. */
function call(options: CallHttpOptions) {
  return play(function* (ctx) {
    return yield* ctx.callHttp(options);
  });
}

/** The request that a turn sends, and nothing else. */
function sent({ actions }: { readonly actions: readonly unknown[] }): Record<string, unknown> {
  if (actions.length !== 1) throw new Error(`expected one action: ${JSON.stringify(actions)}`);
  const { type, name, input } = actions[0] as { type: string; name: string; input: Record<string, unknown> };
  if (type !== 'TaskScheduled' || name !== 'perdure.http') throw new Error(`no request: ${type} ${name}`);
  return input;
}

/** How long the timer that a turn sets takes. */
function waits({ actions }: { readonly actions: readonly unknown[] }, now: number): number {
  const [{ type, fireAt }, ...more] = actions as [{ type: string; fireAt: number }];
  if (type !== 'TimerCreated' || more.length > 0) throw new Error(`no timer: ${JSON.stringify(actions)}`);
  return fireAt - now;
}

/** What the call throws, and that it asks for nothing. */
function refusal(options: CallHttpOptions): string | undefined {
  const turn = call(options).start();
  if (turn.actions.length > 0) throw new Error('something was asked for');
  const failure = failureOf(turn);
  return failure && `${failure.code}: ${failure.message}`;
}

// ---- the request -----------------------------------------------------------------------------------------------------

test('a request is an activity, and its answer the result, whatever its status', (t) => {
  const s = call({ url: `${origin}/jobs?of=me` });
  t.deepEqual(s.start(), {
    actions: [
      {
        type: 'TaskScheduled',
        id: 0,
        name: 'perdure.http',
        input: { method: 'GET', url: `${origin}/jobs?of=me`, headers: {}, maxResponseBytes: 4_194_304 },
        timeout: 100_000,
      },
    ],
  });
  const notFound = { ...answer(404, { 'content-type': 'text/plain' }), content: 'No such job' };
  t.deepEqual(s.completeTask(0, notFound), completed(notFound));
});

test('everything that a request says is in the history, and no more than it says', (t) => {
  const request = sent(
    call({
      method: 'post',
      url: new URL('/jobs', origin),
      headers: { 'X-Trace': '1', Accept: '*/*' },
      body: { files: ['a'] },
      tokenSource: { name: 'jobs', resource: 'jobs.write' },
      redirect: 'manual',
      maxResponseBytes: 10,
      retry: { maxAttempts: 3, firstRetryIntervalInMilliseconds: 1_000 },
    }).start(),
  );
  t.deepEqual(request, {
    method: 'POST',
    url: `${origin}/jobs`,
    headers: { 'content-type': 'application/json', 'x-trace': '1', accept: '*/*' },
    body: '{"files":["a"]}',
    tokenSource: { name: 'jobs', resource: 'jobs.write' },
    redirect: 'manual',
    maxResponseBytes: 10,
  });
});

test('text is sent as it is, bytes are base64, and everything else is JSON of its own type', (t) => {
  const sends = (options: Partial<CallHttpOptions>) => {
    const { headers, body, isBase64Encoded } = sent(call({ method: 'PUT', url: origin, ...options }).start());
    return [body, headers, isBase64Encoded];
  };
  t.deepEqual(sends({ body: 'plain' }), ['plain', {}, undefined]);
  t.deepEqual(sends({ body: '' }), ['', {}, undefined]);
  t.deepEqual(sends({ body: 0 }), ['0', { 'content-type': 'application/json' }, undefined]);
  t.deepEqual(sends({ body: null }), ['null', { 'content-type': 'application/json' }, undefined]);
  t.deepEqual(sends({ body: 'AAE=', isBase64Encoded: true }), ['AAE=', {}, true]);
  const patch = { 'Content-Type': 'application/merge-patch+json' };
  t.deepEqual(sends({ body: {}, headers: patch })[1], { 'content-type': 'application/merge-patch+json' });
});

test('a request that cannot be sent is refused at the call, and nothing is recorded', (t) => {
  for (const [options, message] of [
    [{ url: '/jobs' }, '"/jobs" is no absolute URL'],
    [{ url: 'ftp://api.example/' }, 'the URL must begin with http: or https:, not ftp:'],
    [{ url: 'https://me:secret@api.example/' }, 'the URL holds a user name or password, which would be stored'],
    [{ url: origin, method: 'TRACE' }, 'TRACE cannot be sent'],
    [{ url: origin, method: 'GET it' }, 'the method "GET it" is none'],
    [{ url: origin, body: 'x' }, 'a GET request has no body'],
    [{ url: origin, method: 'HEAD', body: 'x' }, 'a HEAD request has no body'],
    [{ url: origin, method: 'PUT', body: 'x', isBase64Encoded: true }, 'the body is no base64'],
    [{ url: origin, isBase64Encoded: true }, 'isBase64Encoded says that the body is base64, but there is none'],
    [{ url: origin, headers: { 'a b': '1' } }, 'the header name "a b" is none'],
    [{ url: origin, headers: { a: '1\r\nb: 2' } }, 'the value of header a cannot be sent'],
    [{ url: origin, headers: { a: '\u20ac' } }, 'the value of header a cannot be sent'],
    [{ url: origin, headers: { A: '1', a: '2' } }, 'the header a is given twice'],
    [{ url: origin, headers: { 'Content-Length': '1' } }, 'the header Content-Length is set by the transport'],
    [{ url: origin, maxResponseBytes: 0 }, 'maxResponseBytes must be a whole number from 1 to 16777216, not 0'],
    [{ url: origin, pollingIntervalInMilliseconds: NaN }, 'pollingIntervalInMilliseconds must be from 1 to 100 years'],
    [{ url: origin, tokenSource: { name: '' } }, 'tokenSource needs the name of a source'],
    [
      { url: origin, retry: { maxAttempts: 2, firstRetryIntervalInMilliseconds: 1, statusCodes: [5] } },
      '5 in retry.statusCodes is no status',
    ],
  ] as const)
    t.true(refusal(options)?.startsWith(`PERDURE_INVALID_HTTP_REQUEST: callHttp: ${message}`), refusal(options));
  t.regex(refusal({ url: origin, timeoutInMilliseconds: 0 })!, /^PERDURE_CONFIG: .*startToCloseTimeout/);
  const retry = { maxAttempts: 0, firstRetryIntervalInMilliseconds: 1 };
  t.regex(refusal({ url: origin, retry })!, /^PERDURE_CONFIG: .*maxAttempts/);
  t.regex(refusal({ url: origin, method: 'PUT', body: { f: () => 1 } })!, /^PERDURE_UNSERIALIZABLE/);
});

test('a request without an answer fails the task with what its cause was', (t) => {
  const s = play(function* (ctx) {
    try {
      yield* ctx.callHttp({ url: origin });
    } catch (error) {
      const failed = error as TaskFailedError;
      return [failed.name, failed.message, failed.isCausedBy('HttpRequestFailedError')];
    }
    return undefined;
  });
  s.start();
  const error = Object.assign(new Error('GET https://api.example/: refused'), { name: 'HttpRequestFailedError' });
  t.deepEqual(
    s.failTask(0, error),
    completed(['TaskFailedError', 'activity "perdure.http" failed: GET https://api.example/: refused', true]),
  );
});

// ---- polling ---------------------------------------------------------------------------------------------------------

test('a 202 is polled with GET where its Location says, until the status is another one', (t) => {
  const s = call({ method: 'POST', url: `${origin}/jobs`, headers: { authorization: 'Key 1' }, body: { n: 1 } });
  s.start();
  const accepted = answer(202, { location: '/jobs/7', 'retry-after': '5' });
  t.is(waits(s.completeTask(0, accepted), start), 5_000);
  const poll = { method: 'GET', url: `${origin}/jobs/7`, headers: { authorization: 'Key 1' } };
  t.like(sent(s.fireTimer(1)), poll);
  const moved = answer(202, { location: 'https://api.example/jobs/7/state' }, `${origin}/jobs/7`);
  t.is(waits(s.completeTask(2, moved), s.now), 30_000);
  t.like(sent(s.fireTimer(3)), { ...poll, url: `${origin}/jobs/7/state` });
  // The address stays the same where a poll is told none.
  t.is(waits(s.completeTask(4, answer(202, { 'retry-after': '0' }, `${origin}/jobs/7/state`)), s.now), 1_000);
  t.deepEqual(sent(s.fireTimer(5)), { ...poll, url: `${origin}/jobs/7/state`, maxResponseBytes: 4_194_304 });
  const done = answer(200, {}, `${origin}/jobs/7/state`);
  t.deepEqual(s.completeTask(6, done), completed(done));
});

test('a Retry-After that is a date waits until then, and one that is nothing is of no account', (t) => {
  const s = call({ url: origin, pollingIntervalInMilliseconds: 2_000 });
  s.start();
  const accepted = (retry: string) => answer(202, { location: '/', 'retry-after': retry });
  t.is(waits(s.completeTask(0, accepted('Wed, 01 Jan 2025 00:01:00 GMT')), start), 60_000);
  s.fireTimer(1);
  t.is(waits(s.completeTask(2, accepted('soon')), s.now), 2_000);
  s.fireTimer(3);
  t.deepEqual(s.completeTask(4, answer(303)), completed(answer(303)));
});

test('a 202 is the answer when it says not where to poll, and when polling is switched off', (t) => {
  const bare = call({ url: origin });
  bare.start();
  t.deepEqual(bare.completeTask(0, answer(202)), completed(answer(202)));
  const off = call({ url: origin, enablePolling: false });
  off.start();
  const accepted = answer(202, { location: '/jobs/7' });
  t.deepEqual(off.completeTask(0, accepted), completed(accepted));
});

test('H1: a poll at another origin has no credentials, and none comes back to it', (t) => {
  const headers = { authorization: 'Key 1', 'x-api-key': '2', cookie: 'a=1', accept: 'text/html', traceparent: '00' };
  const s = call({ method: 'POST', url: `${origin}/jobs`, headers, body: 'x', tokenSource: { name: 'jobs' } });
  t.like(sent(s.start()), { tokenSource: { name: 'jobs' }, headers });
  s.completeTask(0, answer(202, { location: 'https://elsewhere.example/7' }));
  const bare = { method: 'GET', headers: { accept: 'text/html', traceparent: '00' }, maxResponseBytes: 4_194_304 };
  t.deepEqual(sent(s.fireTimer(1)), { ...bare, url: 'https://elsewhere.example/7' });
  s.completeTask(2, answer(202, { location: `${origin}/jobs/7` }, 'https://elsewhere.example/7'));
  t.deepEqual(sent(s.fireTimer(3)), { ...bare, url: `${origin}/jobs/7` });
});

test('H1: the key of a function is for the call alone: no poll has it, also at the same origin', (t) => {
  const s = call({ url: `${origin}/api/start`, headers: { 'X-Functions-Key': 'secret', 'x-api-key': '2' } });
  t.like(sent(s.start()), { headers: { 'x-functions-key': 'secret', 'x-api-key': '2' } });
  s.completeTask(0, answer(202, { location: '/api/status/7' }));
  t.deepEqual(sent(s.fireTimer(1))['headers'], { 'x-api-key': '2' });
});

test('H1: another scheme or port is another origin, and so is the one that a redirect led to', (t) => {
  for (const [location, url] of [
    ['http://api.example/jobs/7', `${origin}/jobs`],
    ['https://api.example:8443/jobs/7', `${origin}/jobs`],
    [`${origin}/jobs/7`, 'https://elsewhere.example/jobs'],
  ] as const) {
    const s = call({ url: `${origin}/jobs`, headers: { authorization: 'Key 1' }, tokenSource: { name: 'jobs' } });
    s.start();
    s.completeTask(0, answer(202, { location }, url));
    t.deepEqual(sent(s.fireTimer(1)), { method: 'GET', url: location, headers: {}, maxResponseBytes: 4_194_304 });
  }
});

test('a Location that is no address fails the call', (t) => {
  for (const location of ['javascript:alert(1)', 'https://me:secret@api.example/', 'https://:x']) {
    const s = call({ method: 'POST', url: `${origin}/jobs?key=secret` });
    s.start();
    const failure = failureOf(s.completeTask(0, answer(202, { location })));
    t.is(failure?.name, 'TaskFailedError');
    t.like(failure?.cause, { name: 'HttpRequestFailedError', code: 'PERDURE_HTTP_REQUEST_FAILED' });
    t.regex(
      failure!.message,
      /POST https:\/\/api\.example\/jobs: the answer 202 asks to poll ".*", which is no address/,
    );
  }
});

test('a call that lost its race goes on, and several are waited for together', (t) => {
  const s = play(function* (ctx) {
    const [a, b] = [ctx.callHttp({ url: `${origin}/a` }), ctx.callHttp({ url: `${origin}/b` })];
    const first = yield* ctx.any([a, ctx.createTimer(60_000)]);
    const [x, y] = yield* ctx.all([a, b]);
    return [first === a, x.statusCode, y.statusCode];
  });
  t.is(s.start().actions.length, 3);
  s.completeTask(0, answer(202, { location: '/a/1' }));
  s.fireTimer(2);
  s.completeTask(1, answer(204));
  s.fireTimer(3);
  t.deepEqual(s.completeTask(4, answer(200)), completed([false, 200, 204]));
});

// ---- retries ---------------------------------------------------------------------------------------------------------

const retry = { maxAttempts: 3, firstRetryIntervalInMilliseconds: 1_000, backoffCoefficient: 2 };

test('with retry options a request is sent again after failures and for a time after transient statuses', (t) => {
  const s = call({ url: origin, retry });
  const request = sent(s.start());
  t.is(waits(s.failTask(0, new Error('refused')), s.now), 1_000);
  t.deepEqual(sent(s.fireTimer(1)), request);
  t.is(waits(s.completeTask(2, answer(503)), s.now), 2_000);
  t.deepEqual(sent(s.fireTimer(3)), request);
  t.deepEqual(s.completeTask(4, answer(200)), completed(answer(200)));
});

test('a retry waits at least as long as the answer asks for', (t) => {
  const s = call({ url: origin, retry });
  s.start();
  t.is(waits(s.completeTask(0, answer(429, { 'retry-after': '7' })), s.now), 7_000);
  s.fireTimer(1);
  t.is(waits(s.completeTask(2, answer(429, { 'retry-after': '1' })), s.now), 2_000);
});

test('an answer that asks to wait beyond the limit of time is the last one', (t) => {
  const s = call({ url: origin, retry: { ...retry, retryTimeoutInMilliseconds: 10_000 } });
  s.start();
  t.is(waits(s.completeTask(0, answer(429, { 'retry-after': '7' })), s.now), 7_000);
  s.fireTimer(1);
  const last = answer(429, { 'retry-after': '4' });
  t.deepEqual(s.completeTask(2, last), completed(last));
});

test('code that decides to try again at once waits as long as the answer asks for all the same', (t) => {
  const s = call({ url: origin, retry: { ...retry, retryIf: () => 0 } });
  s.start();
  t.is(waits(s.completeTask(0, answer(429, { 'retry-after': '3600' })), s.now), 3_600_000);
  s.fireTimer(1);
  t.is(sent(s.completeTask(2, answer(503))).url, origin);
});

test('when the attempts are used up the last answer is the answer, and the last failure the failure', (t) => {
  const once = { maxAttempts: 2, firstRetryIntervalInMilliseconds: 1 };
  const refused = call({ url: origin, retry: once });
  refused.start();
  refused.completeTask(0, answer(500));
  refused.fireTimer(1);
  t.deepEqual(refused.completeTask(2, answer(502)), completed(answer(502)));
  const silent = call({ url: origin, retry: once });
  silent.start();
  silent.completeTask(0, answer(500));
  silent.fireTimer(1);
  t.is(failureOf(silent.failTask(2, new Error('refused')))?.message, 'activity "perdure.http" failed: refused');
});

test('only the statuses that are given are tried again, and each poll has attempts of its own', (t) => {
  const s = call({ url: origin, retry: { ...retry, maxAttempts: 2, statusCodes: [404] } });
  s.start();
  s.completeTask(0, answer(404));
  s.fireTimer(1);
  s.completeTask(2, answer(202, { location: '/jobs/7' }));
  s.fireTimer(3);
  t.is(waits(s.completeTask(4, answer(404)), s.now), 1_000);
  s.fireTimer(5);
  t.deepEqual(s.completeTask(6, answer(503)), completed(answer(503)));
});

// ---- Retry-After -----------------------------------------------------------------------------------------------------

test('a Retry-After is read in each form that HTTP has for it', (t) => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 27);
  for (const date of ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])
    t.is(retryAfter(date, now), 10_000, date);
  t.is(retryAfter(' 120 ', now), 120_000);
  t.is(retryAfter('Monday, 01-Jan-01 00:00:00 GMT', start), 1_000); // 2001, which is past
  t.is(retryAfter('Friday, 31-Dec-99 00:00:00 GMT', start), 1_000); // 1999, not 2099
  for (const none of [
    undefined,
    '',
    '-1',
    '1.5',
    'tomorrow',
    'Sun, 06 Nov 1994 25:00:00 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    '9'.repeat(400),
  ])
    t.is(retryAfter(none, now), undefined, none);
});

test('the history of a call replays in another process', (t) => {
  const s = call({ url: origin, retry });
  s.start();
  s.completeTask(0, answer(503, { 'retry-after': '3' }));
  s.fireTimer(1);
  s.completeTask(2, answer(202, { location: 'next', 'retry-after': 'Wed, 01 Jan 2025 00:01:00 GMT' }));
  s.fireTimer(3);
  t.deepEqual(s.raiseEvent('nothing'), waiting); // which compares with a replay of all before
  t.deepEqual(s.completeTask(4, answer(200)).completion?.type, 'Completed');
});
