import test from 'ava';
import { ChildrenSearch } from '../../lib/engine/children-search.js';
import { Loops } from '../../lib/engine/loops.js';
import { encodeHead } from '../../lib/wire/head-codec.js';
import { noteOf } from '../../lib/wire/head-summary.js';
import type { OrchestrationHead } from '../../lib/wire/head.js';
import { surroundings } from './surroundings.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The head of a child of the run `p1` of instance `p`. */
const headOf = (instanceId: string, more: Partial<OrchestrationHead> = {}): OrchestrationHead => ({
  v: 1,
  type: 'orchestration',
  epoch: 1,
  logSeq: 7,
  commit: 'c1',
  instanceId,
  name: 'look',
  executionId: `${instanceId}1`,
  parent: { instanceId: 'p', executionId: 'p3', taskId: 0, run: 'p1' },
  status: 'Completed',
  createdAt: 5,
  updatedAt: 6,
  segments: [],
  history: [],
  ...more,
});

/** Partitions in memory, with heads as they are given. */
function stored() {
  const { client, settle } = surroundings(2);
  const { ports } = client;
  const put = (partition: number, id: string, body: Uint8Array, note?: string) =>
    settle(ports.viewsOf(partition).write(ports.subjects.partition(partition).head(`o.${id}`), body, 0, note));
  const putHead = (partition: number, head: OrchestrationHead) =>
    put(partition, head.instanceId, encodeHead(head), noteOf(head));
  const looks: (() => void)[] = [];
  let seen = 0;
  const viewsOf = (partition: number) => {
    if (partition === 0) looks[seen++]?.();
    return ports.viewsOf(partition);
  };
  const search = new ChildrenSearch({ ...ports, viewsOf }, new Loops(ports.clock));
  const find = (instanceId: string, runId: string) => search.find({ instanceId, runId });
  const own = (partition: number, answer: (reply: string) => void) =>
    ports.bus.subscribe(ports.subjects.partition(partition).queries, (_, reply) => answer(reply!));
  return { settle, put, putHead, find, looks, looked: () => seen, own, ports };
}

test('the children of a run are found in all partitions: by notes, and by heads that have none', async (t) => {
  const { settle, put, putHead, find } = stored();
  await putHead(0, headOf('a'));
  await putHead(1, headOf('b', { executionId: 'b2', run: 'b1', tags: { of: 'us' } }));
  await putHead(1, headOf('first', { parent: { instanceId: 'p', executionId: 'p1', taskId: 4 } }));
  const long = headOf('long', { tags: { a: 'x'.repeat(900) } });
  t.is(noteOf(long), undefined);
  await putHead(0, long);
  await put(0, 'earlier', encodeHead(headOf('earlier'))); // a version that wrote no notes
  const { parent: _, ...alone } = headOf('alone');
  await putHead(0, alone);
  await putHead(0, headOf('next', { parent: { instanceId: 'p', executionId: 'q1', taskId: 0 } }));
  await putHead(0, headOf('other', { parent: { instanceId: 'q', executionId: 'p3', taskId: 0, run: 'p1' } }));
  await put(0, 'damaged', bytes('no head'));
  await put(0, 'newer', bytes('{"v":9,"type":"orchestration"}'));
  await put(0, 'strange', bytes('{}'), '[2,"look",[]]');
  const found = await settle(find('p', 'p1'));
  t.deepEqual(found.map(({ address, runId }) => `${address} ${runId}`).toSorted(), [
    'o.a a1',
    'o.b b1',
    'o.earlier earlier1',
    'o.first first1',
    'o.long long1',
  ]);
  t.deepEqual(await settle(find('p', 'p2')), []);
});

test('those who come while a look is under way share the next one', async (t) => {
  const { settle, putHead, find, looks, looked } = stored();
  await putHead(0, headOf('a'));
  const later: ReturnType<typeof find>[] = [];
  looks.push(() => later.push(find('p', 'p1'), find('q', 'q1'), find('p', 'p1'), find('p', 'p2')));
  t.is((await settle(find('p', 'p1'))).length, 1);
  await putHead(0, headOf('b')); // behind the first look, and in the second
  t.deepEqual(
    (await settle(Promise.all(later))).map((found) => found.length),
    [2, 0, 2, 0],
  );
  t.is(looked(), 2);
});

test('owners are asked again until they say that their views are up to date, or for some seconds', async (t) => {
  const { settle, find, own, ports } = stored();
  let asked = 0;
  own(0, (reply) => ports.bus.publish(reply, bytes('{"v":1,"kind":"stored"}')));
  const slow = own(1, (reply) => {
    if (++asked < 3) return; // it is not there yet
    const late = headOf('late');
    const subject = ports.subjects.partition(1).head('o.late');
    void ports
      .viewsOf(1)
      .write(subject, encodeHead(late), 0, noteOf(late))
      .then(() => ports.bus.publish(reply, bytes('{"v":1,"kind":"stored"}')));
  });
  const since = ports.clock.now();
  t.is((await settle(find('p', 'p1'))).length, 1);
  const waited = ports.clock.now() - since;
  t.true(asked === 3 && waited > 2_000 && waited < 3_000, `${asked} times, ${waited} ms`);
  slow.close();
  t.is((await settle(find('p', 'p1'))).length, 1, 'what is stored is found without an owner');
  const inVain = ports.clock.now() - since - waited;
  t.true(inVain > 4_900, `${inVain} ms`);
});
