import test from 'ava';
import fc from 'fast-check';
import { amount } from '../amount.js';
import { linkedActions } from '../../lib/client/linked-actions.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { usedHeapBytes } from '../used-heap.js';
import { base, Restaurant } from './restaurant.js';

const COUNT = amount(10_000, 100_000);
const TOGETHER = 20;
const MEGABYTE = 1_024 * 1_024;

const known = ['meal', 'table', 'tab', 'purchase', 'till', 'a', 'b', 'put', 'rob', 'delete', 'Guest', '$'];
const odd = [
  '',
  '@a',
  '..',
  '%2e%2e%2f',
  'a%2Fb',
  'a%00',
  '%zz',
  '%ff',
  '%F0%9F%98%80',
  '__proto__',
  'constructor',
  '*',
  '>',
];
const part = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...known) },
  { weight: 2, arbitrary: fc.constantFrom(...odd) },
  {
    weight: 1,
    arbitrary: fc.string({ unit: 'binary', maxLength: 20 }).map((text) => encodeURIComponent(text.toWellFormed())),
  },
);
const verbs = [
  ...Object.values(linkedActions).map((path) => path.split(/[/?]/)[1] ?? ''),
  'cancel',
  'raiseEvent/Guest',
  'query/sum',
  'query/broken',
  'update/add',
  'update/constructor',
];
const path = fc.oneof(
  fc.tuple(part, part).map(([name, id]) => `/orchestrators/${name}/${id}`),
  part.map((name) => `/orchestrators/${name}`),
  fc.tuple(part, fc.constantFrom(...verbs)).map(([id, verb]) => `/instances/${id}/${verb}`),
  fc.tuple(part, part).map(([name, key]) => `/entities/${name}/${key}`),
  fc.tuple(part, part, part).map(([name, key, operation]) => `/entities/${name}/${key}/call/${operation}`),
  fc.constantFrom('/instances', '/entities', '/entities/till', '/makeprimary', '/health', '/openapi.json', '/x', ''),
);
const value = fc.oneof(
  fc.constantFrom(
    'true',
    'false',
    '1',
    '0',
    '-1',
    '1e9',
    '0.5',
    '2025-01-01',
    '2025-01-01T00:00:00Z',
    'Running',
    'put',
    'x=y',
  ),
  fc.string({ maxLength: 10 }),
);
const names =
  'timeout pollingInterval version startAt ifExists showInput showHistory showHistoryOutput top runtimeStatus reason op tag ' +
  'instanceIdPrefix createdTimeFrom createdTimeTo orchestrator keyPrefix fetchState restartWithNewInstanceId taskHub code';
const query = fc
  .array(fc.tuple(fc.constantFrom(...names.split(' ')), value), { maxLength: 4 })
  .map((pairs) =>
    new URLSearchParams(pairs.map(([name, given]) => [name, given.toWellFormed()] as [string, string])).toString(),
  );
const json = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(5, 'rice', [{ name: 'meal' }]));
const body = fc.oneof(
  fc.constant(undefined),
  json.map((given) => JSON.stringify(given)),
  fc.string({ maxLength: 30 }),
  fc.constantFrom('{"__proto__":{"isAdmin":true}}', '[', '"\\ud800"', '['.repeat(400)),
);
const types = ['application/json', 'application/json; charset=utf-8', 'text/plain', 'multipart/form-data', 'x'];
/** What a browser, a probe or somebody who guesses sends beside it. */
const headers = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { host: 'evil.example' },
      { 'x-ms-continuation-token': 'x' },
      { 'x-ms-continuation-token': '1-0-1-00000000' },
      { 'idempotency-key': 'k' },
      { 'idempotency-key': 'x'.repeat(2_000) },
      { 'content-length': '2000000' },
      { 'x-functions-key': '' },
      { authorization: 'Basic !' },
    ),
  },
);
const requests = fc.record({
  method: fc.constantFrom(
    'GET',
    'GET',
    'GET',
    'POST',
    'POST',
    'POST',
    'POST',
    'DELETE',
    'DELETE',
    'PUT',
    'HEAD',
    'OPTIONS',
  ),
  path,
  query: fc.oneof(fc.constant(''), query),
  body,
  more: headers,
  type: fc.oneof({ weight: 4, arbitrary: fc.constant(types[0]!) }, { weight: 1, arbitrary: fc.constantFrom(...types) }),
});

/** What is answered so was never looked at by an owner, but for what only the owner can know. */
const NEVER_TAKEN = new Set([400, 403, 405, 413, 415, 421]);
const BY_OWNER = /PERDURE_NOT_REWINDABLE|PERDURE_ENTITY_OPERATION_FAILED|PERDURE_(?:QUERY|UPDATE)_FAILED/;
const isRefusedAtDoor = (status: number, text: string): boolean => NEVER_TAKEN.has(status) && !BY_OWNER.test(text);

/** An operation, a handler or an orchestrator of the user's that fails is a 500 with a cause; of some versions nobody has the code. */
const isTold = (status: number, text: string): boolean =>
  status < 500 ||
  status === 504 ||
  (status === 503 && text.includes('PERDURE_NO_WORKER')) ||
  /PERDURE_(?:ENTITY_OPERATION|QUERY|UPDATE)_FAILED|"runtimeStatus":"Failed"/.test(text);

const partitions = [0, 1];
const mailOf = ({ around }: Restaurant, partition: number) => around.hub.streams(partition).mail;
const lastMail = (restaurant: Restaurant): readonly number[] =>
  partitions.map((partition) => mailOf(restaurant, partition).last);

/** Where mail has come to since, but for what the API's client tells of its own session once a minute. */
const mailBehind = (restaurant: Restaurant, before: readonly number[]): readonly string[] =>
  partitions.flatMap((partition) => {
    const { sessions } = partitionSubjects(restaurant.around.hub.name, partition);
    const stored = Array.from(mailOf(restaurant, partition).all());
    const news = stored.filter(({ sequence, subject }) => sequence > before[partition]! && subject !== sessions);
    return news.map(({ subject }) => subject);
  });

test('whatever is asked, the answer is one of the known ones, and nothing breaks', async (t) => {
  t.timeout(3_600_000);
  const seed = Number(process.env['SEED'] ?? 1);
  const restaurant = await Restaurant.open({ limits: { maxWaitInMilliseconds: 100 } });
  const asked = fc.sample(requests, { numRuns: COUNT, seed });
  const statuses = new Map<number, number>();
  const refused: typeof asked = [];
  const send = ({ method, path, query, body, type, more }: (typeof asked)[number]) => {
    const hasBody = body !== undefined && method !== 'GET' && method !== 'HEAD';
    const url = `http://localhost${base}${path}?${query}`;
    const headers = { ...more, ...(hasBody && { 'content-type': type }) } as Record<string, string>;
    const request = new Request(url, { method, headers, ...(hasBody && { body }) });
    return restaurant.answer(restaurant.api.fetch(request));
  };
  let early = 0;
  for (let at = 0; at < asked.length; at += TOGETHER) {
    if (at === COUNT / 2) early = usedHeapBytes();
    await Promise.all(
      asked.slice(at, at + TOGETHER).map(async (request) => {
        const { status, text, headers: told } = await send(request);
        const { method, path, query, body } = request;
        if (isRefusedAtDoor(status, text)) refused.push(request);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        const what = `seed ${seed}: ${method} ${path}?${query} ${body} -> ${status} ${text}`;
        if (!isTold(status, text)) t.fail(what);
        if (status >= 400 && told.get('content-type') !== 'application/problem+json' && status !== 500) t.fail(what);
      }),
    );
  }
  const late = usedHeapBytes();
  t.log(`${(early / MEGABYTE).toFixed(1)} MiB in the midst, ${(late / MEGABYTE).toFixed(1)} MiB in the end`);
  // What is stored is in this memory, too: of 100,000 requests some 2,000 start an instance.
  t.true(late < early + amount(8, 32) * MEGABYTE, `seed ${seed}`);
  t.deepEqual(restaurant.errors, []);
  t.false('isAdmin' in {});
  for (const status of [200, 202, 400, 403, 404, 405, 409, 410, 413, 415, 421])
    t.true((statuses.get(status) ?? 0) > 0, String(status));

  // Again, with nothing else under way: what is refused at the door leaves nothing.
  await restaurant.pass(60_000);
  let before = lastMail(restaurant);
  for (const request of refused.slice(0, COUNT / 10)) {
    const { status, text } = await send(request);
    if (isRefusedAtDoor(status, text)) {
      t.deepEqual(
        mailBehind(restaurant, before),
        [],
        `seed ${seed}: ${request.method} ${request.path}?${request.query}`,
      );
    } else {
      await restaurant.pass(60_000); // what it is about is another by now
      before = lastMail(restaurant);
    }
  }
  t.is((await restaurant.post('/orchestrators/meal?timeout=1&pollingInterval=1', { body: 'rice' })).status, 200);
});
