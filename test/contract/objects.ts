import { createHash } from 'node:crypto';
import type { ObjectStore } from '../../lib/engine/ports.js';
import type { ValueReference } from '../../lib/core/values.js';
import { ClosedError } from '../../lib/errors.js';
import { all, bytes, type Check, type PortsHarness } from './harness.js';

/** Bytes that no chunk of is like another. */
function noise(length: number): Uint8Array {
  const body = new Uint8Array(length);
  for (let at = 0, next = 1; at < length; at++) body[at] = (next = (next * 48_271) % 2_147_483_647) & 0xff;
  return body;
}

async function put(t: PortsHarness, objects: ObjectStore, key: string, body: Uint8Array): Promise<ValueReference> {
  for (;;) {
    const reference = await t.settle(objects.put(key, body));
    if (reference) return reference;
  }
}

/** What holds of the object store of a hub. */
export function objectsContract(check: Check): void {
  check('objects: P15: what is put comes back whole under its reference', async (t, harness) => {
    const { objects } = harness.ports(0);
    for (const body of [new Uint8Array(0), bytes('1'), noise(128 * 1024), noise(3 * 1024 * 1024 + 7)]) {
      const key = `e.name.key=2E/${body.length}`;
      const reference = await put(harness, objects, key, body);
      const hash = `SHA-256=${createHash('sha256').update(body).digest('base64url')}=`;
      t.deepEqual(reference, { key, bytes: body.length, hash });
      t.deepEqual(await harness.settle(harness.ports(1).objects.get(reference)), body);
    }
  });

  check('objects: what is not as its reference says is not there', async (t, harness) => {
    const { objects } = harness.ports(0);
    const reference = await put(harness, objects, 'o.a/1', noise(300_000));
    const other = await put(harness, objects, 'o.a/2', noise(300_001));
    for (const wrong of [{ key: 'o.a/3' }, { bytes: 299_999 }, { hash: other.hash }, { key: 'o.a/2' }])
      t.is(await harness.settle(objects.get({ ...reference, ...wrong })), undefined);
  });

  check('objects: putting the same again changes nothing', async (t, harness) => {
    const { objects } = harness.ports(0);
    const body = noise(200_000);
    const reference = await put(harness, objects, 'o.a/1', body);
    t.deepEqual(await put(harness, objects, 'o.a/1', body), reference);
    t.is((await harness.settle(all(objects.list(Infinity)))).length, 1);
    t.deepEqual(await harness.settle(objects.get(reference)), body);
  });

  check('objects: what is put is a copy', async (t, harness) => {
    const { objects } = harness.ports(0);
    const body = noise(1_000);
    const reference = await put(harness, objects, 'o.a/1', body);
    body.fill(0);
    t.deepEqual(await harness.settle(objects.get(reference)), noise(1_000));
  });

  check('objects: what is removed is gone, and removing it again is no error', async (t, harness) => {
    const { objects } = harness.ports(0);
    const kept = await put(harness, objects, 'o.a/1', noise(150_000));
    const removed = await put(harness, objects, 'o.a/2', noise(150_001));
    await harness.settle(objects.remove(removed.key));
    await harness.settle(objects.remove(removed.key));
    await harness.settle(objects.remove('o.a/3'));
    t.is(await harness.settle(objects.get(removed)), undefined);
    t.is((await harness.settle(objects.get(kept)))?.length, 150_000);
    t.deepEqual(
      (await harness.settle(all(objects.list(Infinity)))).map(({ key }) => key),
      ['o.a/1'],
    );
  });

  check('objects: a list has what was stored before a time, in order', async (t, harness) => {
    const { objects, clock } = harness.ports(0);
    t.deepEqual(await harness.settle(all(objects.list(Infinity))), []);
    for (const [at, key] of ['o.c/1', 'e.x.y/2', 'o.a/3'].entries()) await put(harness, objects, key, noise(100 + at));
    const listed = await harness.settle(all(objects.list(Infinity)));
    t.deepEqual(
      listed.map(({ key, bytes: size }) => [key, size]),
      [
        ['o.c/1', 100],
        ['e.x.y/2', 101],
        ['o.a/3', 102],
      ],
    );
    for (const { time } of listed) t.true(Math.abs(time - clock.now()) < 60_000);
    t.deepEqual(await harness.settle(all(objects.list(listed[0]!.time))), []);
  });

  check('objects: what has ended is no business of those who remove the unfinished', async (t, harness) => {
    const { objects } = harness.ports(0);
    const reference = await put(harness, objects, 'o.a/1', noise(300_000));
    await harness.settle(objects.removeUnfinished(Infinity));
    t.is((await harness.settle(objects.get(reference)))?.length, 300_000);
  });

  check('objects: closed: every call rejects', async (t, harness) => {
    const { objects } = harness.ports(0);
    const reference = await put(harness, objects, 'o.a/1', noise(10));
    await harness.close();
    const calls: (() => Promise<unknown>)[] = [
      () => objects.put('o.a/2', noise(10)),
      () => objects.get(reference),
      () => objects.remove('o.a/1'),
      () => all(objects.list(Infinity)),
      () => objects.removeUnfinished(Infinity),
    ];
    for (const call of calls) await t.throwsAsync(harness.settle(call()), { instanceOf: ClosedError });
  });
}
