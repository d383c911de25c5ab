import fc from 'fast-check';
import type { ListedEntry } from '../../lib/engine/hub-store.js';
import { all, bytes } from '../contract/harness.js';
import { bodyOf, type Kind, kind, outcome, partition, plain, seen, size, telling, who } from './operation.js';
import { type Scene, type Seen, textOf } from './scene.js';

const key = fc.constantFrom('workers.a', 'workersish.a', 'names', 'names.a');

/** Revisions begin behind the hub's record; 0 is none on every side. */
const given = (scene: Scene, revision: number) => (revision === 0 ? 0 : revision + scene.side.baseRevision);
const shown = (scene: Scene, revision: number | undefined) => revision && revision - scene.side.baseRevision;

const entryShown = (scene: Scene, { key: name, value, revision, time }: ListedEntry) =>
  `${shown(scene, revision)} ${name} ${textOf(value)} ${Number.isInteger(time)}`;

async function put(scene: Scene, wanted: Put): Promise<unknown> {
  const { store, ports } = scene.connection(wanted.who);
  const expected = given(scene, scene.sequence(`store ${wanted.key}`, wanted.expected));
  const value = bodyOf(scene, wanted.size, ports(0).maxBodyBytes);
  const options = wanted.ttl === undefined ? undefined : { ttlInSeconds: wanted.ttl };
  const answer = await outcome(
    scene,
    () => store.put(wanted.key, value, expected, options),
    (revision) => shown(scene, revision),
  );
  if (typeof answer === 'number') scene.saw(`store ${wanted.key}`, answer);
  return answer;
}

interface Put {
  readonly who: number;
  readonly key: string;
  readonly expected: Seen;
  readonly size: 'small' | 'tooLarge';
  readonly ttl: number | undefined;
}

/** In a list that lasts: some values go while nothing else happens. */
export const shortLived = kind<Put>(
  'store.put, for seconds',
  5,
  { who, key, expected: seen, size: fc.constant('small'), ttl: fc.constantFrom(4, 10, undefined) },
  put,
);

/** What can be done with the hub's store. */
export const storeOperations: readonly Kind[] = [
  kind<Put>('store.put', 5, { who, key, expected: seen, size, ttl: fc.constantFrom(undefined, 600) }, put),

  kind('store.get', 2, { who, key }, (scene, get) =>
    outcome(
      scene,
      () => scene.connection(get.who).store.get(get.key),
      (entry) => entry && entryShown(scene, { ...entry, key: get.key }),
    ),
  ),

  kind('store.list', 2, { who, prefix: fc.constantFrom('workers', 'names', 'nothing') }, (scene, list) =>
    outcome(
      scene,
      () => scene.connection(list.who).store.list(list.prefix),
      (entries) => entries.map((entry) => entryShown(scene, entry)),
    ),
  ),

  kind('store.remove', 3, { who, key, revision: fc.constantFrom('last', 'former', 'ahead') }, (scene, remove) => {
    const revision = given(scene, scene.sequence(`store ${remove.key}`, remove.revision));
    return outcome(scene, () => scene.connection(remove.who).store.remove(remove.key, revision), plain);
  }),
];

/** About the size of a chunk, and of several. */
const valueBytes = fc.constantFrom(0, 10, 10, 1_000, 131_072, 131_073, 300_000);
const objectKey = fc.constantFrom('o.a/1', 'o.a/2', 'e.counter.key=2E/1');

/** What can be done with the object store. */
export const objectOperations: readonly Kind[] = [
  kind('objects.put', 3, { who, key: objectKey, bytes: valueBytes, fill: fc.nat(1) }, async (scene, put) => {
    const body = new Uint8Array(put.bytes).fill(put.fill);
    const reference = await outcome(scene, () => scene.connection(put.who).ports(0).objects.put(put.key, body), plain);
    if (typeof reference === 'object') scene.references.push(reference);
    return reference;
  }),

  kind('objects.get', 3, { who, which: fc.nat(5) }, async (scene, get) => {
    const reference = scene.references.at(-1 - get.which);
    if (!reference) return 'nothing was put';
    const show = (body: Uint8Array | undefined) => body && `${body.length} times ${body[0]}`;
    return outcome(scene, () => scene.connection(get.who).ports(1).objects.get(reference), show);
  }),

  kind('objects.remove', 2, { who, key: objectKey }, (scene, remove) =>
    outcome(scene, () => scene.connection(remove.who).ports(0).objects.remove(remove.key), plain),
  ),

  kind('objects.list', 2, { who, before: fc.constantFrom(0, Infinity) }, (scene, list) =>
    outcome(
      scene,
      () => all(scene.connection(list.who).ports(0).objects.list(list.before)),
      (objects) => objects.map(({ key: name, bytes: length, time }) => `${name} ${length} ${Number.isInteger(time)}`),
    ),
  ),

  kind('objects.removeUnfinished', 1, { who, before: fc.constantFrom(0, Infinity) }, (scene, remove) =>
    outcome(scene, () => scene.connection(remove.who).ports(0).objects.removeUnfinished(remove.before), plain),
  ),
];

const subject = fc.constantFrom('a', 'a.b', 'a.c', 'b');
const pattern = fc.constantFrom('a', 'a.b', 'a.*', 'a.>', '*', '>');

function listen(scene: Scene, by: number, where: string): Promise<string> {
  return outcome(
    scene,
    async () => {
      const { name, hear } = scene.hearer('listener');
      const subscription = scene
        .connection(by)
        .ports(0)
        .bus.subscribe(`${scene.side.hub}.${where}`, (body, reply) => {
          hear(`${textOf(body)}, reply to ${reply?.replace(scene.side.hub, 'HUB')}`);
        });
      scene.listeners.push({ name, subscription, where: `${by} ${where}` });
      return name;
    },
    plain,
  );
}

/** What can be done with core messages. */
export const busOperations: readonly Kind[] = [
  telling('bus.subscribe', 2, { who, pattern }, (scene, given) => listen(scene, given.who, `bus.${given.pattern}`)),

  // One is told that nobody listens: who, when a connection has several that could be, is the server's choice.
  telling('bus.subscribe, for replies', 1, { who, at: fc.nat(1) }, async (scene, given) => {
    const isThere = scene.listeners.some(({ where }) => where === `${given.who} replies.${given.at}`);
    return isThere ? 'somebody does' : listen(scene, given.who, `replies.${given.at}`);
  }),

  telling('bus.subscribe, closed', 2, { which: fc.nat(3) }, async (scene, { which }) => {
    const [listener] = scene.listeners.splice(which, 1);
    listener?.subscription.close();
    return listener?.name;
  }),

  telling('bus.publish', 3, { who, subject, reply: fc.constantFrom(undefined, 0, 1) }, async (scene, given) => {
    const reply = given.reply === undefined ? undefined : `${scene.side.hub}.replies.${given.reply}`;
    scene
      .connection(given.who)
      .ports(0)
      .bus.publish(`${scene.side.hub}.bus.${given.subject}`, bytes(scene.text()), reply);
  }),
];

/** How much a partition's streams hold: for lists of every kind. */
export const bounds = kind('storage.bounds', 3, { who, partition }, (scene, given) =>
  outcome(scene, () => scene.connection(given.who).ports(given.partition).storage.bounds(), plain),
);

/** After it, all that its connection is asked for is refused. */
export const close = telling('close', 1, { who }, async (scene, given) => {
  await scene.connection(given.who).close();
  scene.isClosed[given.who] = true;
});
