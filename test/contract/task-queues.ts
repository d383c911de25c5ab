import { ClosedError, PayloadTooLargeError } from '../../lib/errors.js';
import type { Clock, QueuedTask, QueueSettings, TaskConsumption } from '../../lib/engine/ports.js';
import { bytes, type Check, type PortsHarness } from './harness.js';

/** Collects the tasks of a queue, as many as it wants, and keeps them, unless told otherwise. */
class Taker {
  readonly tasks: QueuedTask[] = [];
  readonly consumption: TaskConsumption;
  #waiting: { count: number; done: () => void }[] = [];
  #isOpen = true;

  constructor(
    { tasks: queues, ports }: PortsHarness,
    want: number,
    { keeps = () => true, ...settings }: QueueSettings & { readonly keeps?: (text: string) => boolean } = {},
  ) {
    this.consumption = queues.consume('mail', settings, (task) => {
      this.tasks.push(task);
      for (const { count, done } of this.#waiting) if (this.tasks.length >= count) done();
    });
    this.consumption.want(want);
    this.#keep(ports(0).clock, keeps);
  }

  #keep(clock: Clock, keeps: (text: string) => boolean): void {
    for (const [at, task] of this.tasks.entries()) if (keeps(this.texts[at]!)) task.keep();
    clock.after(1_000, () => this.#isOpen && this.#keep(clock, keeps));
  }

  get texts(): string[] {
    return this.tasks.map(({ body }) => new TextDecoder().decode(body));
  }

  /** Resolves when so many tasks came in all. */
  count(count: number): Promise<void> {
    if (this.tasks.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, done: resolve }));
  }

  close(): void {
    this.#isOpen = false;
    this.consumption.close();
  }
}

/** What holds of work queues. */
export function taskQueuesContract(check: Check): void {
  check('tasks: a worker gets what was and what is published, in order, as many as it wants', async (t, around) => {
    const { tasks, settle } = around;
    for (const text of ['1', '2', '3']) t.true(await settle(tasks.publish('mail', bytes(text), text)));
    t.true(await settle(tasks.publish('other', bytes('other'), 'other')));
    const taker = new Taker(around, 2);
    await settle(taker.count(2));
    t.deepEqual(taker.texts, ['1', '2']);
    t.deepEqual(
      taker.tasks.map(({ deliveries }) => deliveries),
      [1, 1],
    );
    t.is(taker.tasks[1]?.backlog, 1);
    t.true(taker.tasks[1]!.sequence > taker.tasks[0]!.sequence);
    t.true(Math.abs((taker.tasks[0]?.time ?? 0) - around.ports(0).clock.now()) < 60_000);
    t.true(await settle(tasks.publish('mail', bytes('4'), '4')));
    taker.consumption.want(5);
    await settle(taker.count(4));
    t.deepEqual(taker.texts, ['1', '2', '3', '4']);
    t.true(await settle(tasks.publish('mail', bytes('5'), '5')));
    await settle(taker.count(5));
    taker.close();
  });

  check('tasks: of several with one id one is stored, also when the first has been done', async (t, around) => {
    const { tasks, settle } = around;
    for (const text of ['first', 'copy']) t.true(await settle(tasks.publish('mail', bytes(text), 'id')));
    const taker = new Taker(around, 5);
    await settle(taker.count(1));
    t.true(await settle(taker.tasks[0]!.acknowledge()));
    t.true(await settle(tasks.publish('mail', bytes('late copy'), 'id')));
    t.true(await settle(tasks.publish('mail', bytes('second'), 'id-2')));
    await settle(taker.count(2));
    t.deepEqual(taker.texts, ['first', 'second']);
    taker.close();
  });

  check('tasks: several workers share a queue, and each task goes to one of them', async (t, around) => {
    const { tasks, settle } = around;
    const takers = [new Taker(around, 10), new Taker(around, 10)];
    const all = Array.from({ length: 20 }, (_, at) => `${at}`);
    for (const text of all) await settle(tasks.publish('mail', bytes(text), text));
    await settle(Promise.all(takers.map((taker) => taker.count(10))));
    t.deepEqual(
      takers.flatMap(({ texts }) => texts).toSorted((a, b) => Number(a) - Number(b)),
      all,
    );
    for (const taker of takers) taker.close();
  });

  check(
    'tasks: what is kept stays, what is not comes again with its count and before what waits',
    async (t, around) => {
      const { tasks, settle, ports } = around;
      const { clock } = ports(0);
      const began = clock.now();
      for (const text of ['kept', 'left', 'waiting']) await settle(tasks.publish('mail', bytes(text), text));
      const taker = new Taker(around, 2, { keeps: (text) => text !== 'left' });
      await settle(taker.count(2));
      const other = new Taker(around, 0);
      taker.consumption.want(1);
      await settle(taker.count(3));
      other.consumption.want(2);
      await settle(other.count(1));
      t.true(clock.now() - began >= 10_000, `${clock.now() - began} ms`);
      t.deepEqual(taker.texts, ['kept', 'left', 'waiting']);
      // Were keeping of no effect, the older task would come back before the one that nobody keeps. That it never comes
      // back is no promise: on a machine that stands still for 10 s, every task does.
      t.is(other.texts[0], 'left');
      t.is(other.tasks[0]?.deliveries, 2);
      t.is(other.tasks[0]?.sequence, taker.tasks[1]!.sequence, 'it is the same task');
      t.true(await settle(taker.tasks[0]!.acknowledge()));
      taker.close();
      other.close();
    },
  );

  check('tasks: no more are in flight than the queue allows, over all workers', async (t, around) => {
    const { tasks, settle, ports } = around;
    const { clock } = ports(0);
    const takers = [new Taker(around, 10, { maxInFlight: 3 }), new Taker(around, 10, { maxInFlight: 3 })];
    const textOf = ({ body }: QueuedTask): string => new TextDecoder().decode(body);
    const done = new Set<string>();
    /** What was taken and is not done, by its text: one may come again. */
    const inFlight = () =>
      new Map(
        takers.flatMap(({ tasks: taken }) =>
          taken.map((task) => [textOf(task), task] as const).filter(([text]) => !done.has(text)),
        ),
      );
    await settle(new Promise<void>((resolve) => clock.after(200, resolve)));
    for (let at = 0; at < 8; at++) await settle(tasks.publish('mail', bytes(`${at}`), `${at}`));
    while (done.size < 8) {
      await settle(new Promise<void>((resolve) => clock.after(100, resolve)));
      const flying = inFlight();
      t.true(flying.size <= 3, `${[...flying.keys()].join(', ')} are in flight`);
      for (const [text, next] of [...flying].slice(0, 1)) if (await settle(next.acknowledge())) done.add(text);
    }
    for (const taker of takers) taker.close();
  });

  check('tasks: how many each queue has is told, and its oldest ones can be looked at', async (t, around) => {
    const { tasks, settle, ports } = around;
    const texts = (bodies: readonly Uint8Array[]): string[] => bodies.map((body) => new TextDecoder().decode(body));
    t.deepEqual(await settle(tasks.sizes()), new Map());
    t.deepEqual(await settle(tasks.look('mail', 5)), []);
    for (const text of ['1', '2', '3']) await settle(tasks.publish('mail', bytes(text), text));
    await settle(tasks.publish('Print Ä', bytes('other'), 'other'));
    const taker = new Taker(around, 1);
    await settle(taker.count(1));
    const all = [...(await settle(tasks.sizes()))].toSorted(([, a], [, b]) => b - a);
    t.deepEqual(all.flat(), ['mail', 3, 'Print Ä', 1], 'what is in work is not done');
    t.deepEqual(texts(await settle(tasks.look('mail', 2))), ['1', '2']);
    t.true(await settle(taker.tasks[0]!.acknowledge()));
    const sizeOf = async (): Promise<number | undefined> => (await settle(tasks.sizes())).get('mail');
    while ((await sizeOf()) !== 2) await settle(new Promise<void>((resolve) => ports(0).clock.after(10, resolve)));
    t.deepEqual(texts(await settle(tasks.look('mail', 5))), ['2', '3']);
    t.is(taker.texts.length, 1, 'a look takes nothing');
    taker.close();
  });

  check('tasks: a body larger than the largest is refused, and after closing everything is', async (t, around) => {
    const { tasks, settle, ports } = around;
    const large = new Uint8Array(ports(0).maxBodyBytes + 1);
    await t.throwsAsync(settle(tasks.publish('mail', large, 'large')), { instanceOf: PayloadTooLargeError });
    await settle(tasks.publish('mail', bytes('1'), '1'));
    const taker = new Taker(around, 5);
    await settle(taker.count(1));
    await around.close();
    await t.throwsAsync(settle(tasks.publish('mail', bytes('2'), '2')), { instanceOf: ClosedError });
    for (const queue of ['mail', 'one that nobody has served'])
      await t.throwsAsync(settle(tasks.publish(queue, large, 'large')), { instanceOf: PayloadTooLargeError });
    await t.throwsAsync(settle(taker.tasks[0]!.acknowledge()), { instanceOf: ClosedError });
    t.deepEqual(taker.texts, ['1']);
  });
}
