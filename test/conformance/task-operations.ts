import fc from 'fast-check';
import type { QueuedTask } from '../../lib/engine/ports.js';
import { bodyOf, type Kind, kind, outcome, plain, size, telling, who } from './operation.js';
import { type Scene, type Taker, textOf } from './scene.js';

const queues = ['mail', 'Print Ä'];
const queue = fc.constantFrom('mail', 'mail', 'mail', 'Print Ä');

/** The one who serves a queue: to which of several a task goes is nobody's promise. */
const servant = (scene: Scene, name: string) => scene.takers.find((taker) => taker.isOpen && taker.queue === name);

function serve(scene: Scene, by: number, name: string, maxInFlight: number | undefined): Taker {
  const { name: taker, hear } = scene.hearer(`taker of ${name}`);
  const held: QueuedTask[] = [];
  const subscription = scene.connection(by).tasks.consume(name, { maxInFlight }, (task) => {
    held.push(task);
    opened.wanted--;
    hear(
      `${textOf(task.body)}, delivery ${task.deliveries}, ${task.backlog} behind it, ${Number.isInteger(task.time)}`,
    );
  });
  const opened: Taker = { name: taker, subscription, isOpen: true, queue: name, held, wanted: 0 };
  scene.takers.push(opened);
  return opened;
}

function leave(scene: Scene, name: string): string | undefined {
  const taker = servant(scene, name);
  taker?.subscription.close();
  if (taker) taker.isOpen = false;
  return taker?.name;
}

/** A task that somebody took, done or not. */
function taken({ takers }: Scene, which: number): QueuedTask | undefined {
  const tasks = takers.flatMap(({ held }) => held);
  return tasks[which % tasks.length];
}

function want(taker: Taker, count: number): void {
  taker.wanted += count;
  taker.subscription.want(taker.wanted);
}

const publish = async (scene: Scene, by: number, name: string, body: Uint8Array, id: string) =>
  outcome(scene, () => scene.connection(by).tasks.publish(name, body, id), plain);

/** What can be done with work queues. */
export const taskOperations: readonly Kind[] = [
  kind(
    'tasks.publish',
    8,
    { who, queue, id: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }), size },
    (scene, given) => {
      const body = bodyOf(scene, given.size, scene.connection(given.who).ports(0).maxBodyBytes);
      return publish(
        scene,
        given.who,
        given.queue,
        body,
        given.id ?? `${given.queue.length}-${scene.text()}`.replace(' ', '-'),
      );
    },
  ),

  telling('tasks.consume', 3, { who, queue, maxInFlight: fc.constantFrom(undefined, 1, 2) }, async (scene, given) => {
    leave(scene, given.queue);
    await scene.side.reached(); // the server must know that nobody is there, before it is asked again
    return outcome(scene, async () => serve(scene, given.who, given.queue, given.maxInFlight).name, plain);
  }),

  telling('tasks.consume, closed', 1, { queue }, async (scene, given) => leave(scene, given.queue)),

  telling('tasks.want', 6, { queue, count: fc.integer({ min: 1, max: 3 }) }, async (scene, given) => {
    const taker = servant(scene, given.queue);
    if (taker) want(taker, given.count);
    return taker?.name;
  }),

  kind('tasks.acknowledge', 4, { which: fc.nat(9) }, (scene, given) => {
    const task = taken(scene, given.which);
    return outcome(scene, async () => task && task.acknowledge(), plain);
  }),

  telling('tasks.keep', 2, { which: fc.nat(9) }, async (scene, given) => taken(scene, given.which)?.keep()),
];

/** In the end each queue is emptied: nothing that nobody has may be missing. */
export async function emptyQueues(scene: Scene): Promise<void> {
  const by = scene.isClosed.indexOf(false);
  if (by < 0) return;
  for (const name of queues) leave(scene, name);
  await scene.side.reached();
  for (const name of queues) want(serve(scene, by, name, undefined), 1_000);
}

/** What comes last to each queue comes after all that may not come again. */
export async function lastTasks(scene: Scene): Promise<void> {
  const by = scene.isClosed.indexOf(false);
  if (by < 0) return;
  for (const name of queues) await publish(scene, by, name, bodyOf(scene, 'small', 0), `last-${name.length}`);
}
