import test from 'ava';
import type { HubStore } from '../../lib/engine/hub-store.js';
import type {
  Bus,
  HubPorts,
  Log,
  MailSender,
  Mailbox,
  ObjectStore,
  PartitionPorts,
  QueuedTask,
  Storage,
  TaskQueues,
  Views,
} from '../../lib/engine/ports.js';
import { failingAt } from './dying-ports.js';
import { interceptWrites } from './intercepted-ports.js';

type Methods<T> = {
  [K in keyof T]-?: T[K] extends (...args: never[]) => unknown ? K : never;
}[keyof T];

/** For each method of a port: whether it writes. A new method does not compile until somebody has said so. */
type Kinds<T> = Readonly<Record<Methods<T>, 'writes' | 'reads'>>;

const store: Kinds<HubStore> = { get: 'reads', list: 'reads', put: 'writes', remove: 'writes' };
const objects: Kinds<ObjectStore> = {
  put: 'writes',
  get: 'reads',
  remove: 'writes',
  list: 'reads',
  removeUnfinished: 'writes',
};
const tasks: Kinds<TaskQueues> = { publish: 'writes', consume: 'reads', sizes: 'reads', look: 'reads' };
const task: Kinds<QueuedTask> = { acknowledge: 'writes', keep: 'writes' };
const bus: Kinds<Bus> = { publish: 'writes', subscribe: 'reads' };
const sender: Kinds<MailSender> = { send: 'writes' };
const log: Kinds<Log> = { append: 'writes', last: 'reads', read: 'reads', purgeBelow: 'writes', restartAt: 'writes' };
const views: Kinds<Views> = {
  read: 'reads',
  write: 'writes',
  remove: 'writes',
  scan: 'reads',
  subjects: 'reads',
  notes: 'reads',
};
const mailbox: Kinds<Mailbox> = {
  send: 'writes',
  consume: 'reads',
  read: 'reads',
  timeOf: 'reads',
  bounds: 'reads',
  purgeBelow: 'writes',
  restartAt: 'writes',
};
const storage: Kinds<Storage> = { bounds: 'reads' };

/** All ports of the hub and of a partition; what is left out is no port to the server. */
const ofHub = { store, objects, tasks, bus, mailOf: sender, viewsOf: views } satisfies Record<
  Exclude<
    keyof HubPorts,
    | 'name'
    | 'partitions'
    | 'subjects'
    | 'clock'
    | 'random'
    | 'logger'
    | 'maxBodyBytes'
    | 'valueLimits'
    | 'closed'
    | 'partition'
  >,
  object
>;
const ofPartition = {
  log,
  mailbox,
  views,
  objects,
  storage,
  bus,
  mailOf: sender,
  deadLetters: sender,
} satisfies Record<
  Exclude<keyof PartitionPorts, 'clock' | 'random' | 'logger' | 'subjects' | 'maxBodyBytes' | 'valueLimits'>,
  object
>;

type Port = Record<string, (...args: unknown[]) => unknown>;

/** Ports whose methods do nothing but to tell their names. */
function silentPorts(called: (name: string) => void): HubPorts {
  const portOf = (name: string, kinds: object): Port =>
    Object.fromEntries(
      Object.keys(kinds).map((method) => [
        method,
        (...args: unknown[]) => {
          called(`${name}.${method}`);
          if (name === 'tasks' && method === 'consume') (args[2] as (one: Port) => void)(portOf('task', task));
          return Promise.resolve();
        },
      ]),
    );
  const all = (ports: Readonly<Record<string, object>>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(ports).map(([name, kinds]) => {
        const port = portOf(name, kinds);
        return [name, name.endsWith('Of') ? () => port : port];
      }),
    );
  return { ...all(ofHub), partition: () => all(ofPartition) } as unknown as HubPorts;
}

/** Each method of all ports, in its place among them, and whether it writes. */
function* methodsOf(
  ports: HubPorts,
): Generator<readonly [name: string, kind: 'writes' | 'reads', call: () => unknown]> {
  const partition = ports.partition(0);
  let taken: Port | undefined;
  ports.tasks.consume('q', {}, (one) => (taken = one as unknown as Port));
  for (const [place, found, kinds] of [
    ['hub', ports, ofHub],
    ['partition', partition, ofPartition],
    ['queue', { task: taken }, { task }],
  ] as const)
    for (const [name, methods] of Object.entries<Record<string, 'writes' | 'reads'>>(kinds)) {
      const value = (found as unknown as Record<string, unknown>)[name];
      const port = (typeof value === 'function' ? (value as () => Port)() : value) as Port;
      for (const [method, kind] of Object.entries(methods))
        yield [`${place}.${name}.${method}`, kind, () => port[method]!('a', 'b', () => {})];
    }
}

test('every writing method of the ports is intercepted, and no reading one', async (t) => {
  const reached: string[] = [];
  let intercepted = 0;
  const ports = interceptWrites(
    silentPorts((name) => reached.push(name)),
    (write) => {
      intercepted++;
      return write();
    },
  );
  let methods = 0;
  for (const [name, kind, call] of methodsOf(ports)) {
    [intercepted, reached.length] = [0, 0];
    await call();
    t.is(intercepted, kind === 'writes' ? 1 : 0, name);
    t.true(reached.length >= 1, name);
    methods++;
  }
  t.true(methods > 35, `${methods} methods`);
});

test('each write fails as its port may fail: without an answer, late or twice, or unheard', async (t) => {
  for (const failure of ['lost', 'unanswered'] as const) {
    const reached: string[] = [];
    const writes = [...methodsOf(silentPorts(() => {}))].filter(([, kind]) => kind === 'writes').map(([name]) => name);
    for (const [at, name] of writes.entries()) {
      const failing = failingAt(
        silentPorts((method) => reached.push(method)),
        at + 1,
        failure,
      );
      for (const [each, kind, call] of methodsOf(failing.ports)) {
        if (kind === 'reads') continue;
        reached.length = 0;
        await call();
        const [, port, method] = each.split('.') as [string, string, string];
        const isSure = /^(?:remove|removeUnfinished|purgeBelow|restartAt)$/.test(method);
        const times = each !== name ? 1 : isSure ? (failure === 'lost' ? 1 : 2) : failure === 'lost' ? 0 : 1;
        t.deepEqual(
          reached,
          Array<string>(times).fill(`${port === 'task' ? 'task' : port}.${method}`),
          `${each}, ${failure}`,
        );
      }
      t.is(failing.writes, writes.length);
    }
  }
});
