import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { EntityContext, OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import type { OwnerOptions } from '../../lib/engine/partition-owner.js';
import type { Hosted } from '../../lib/definitions/registry.js';
import type { Fault, FaultPlan, PortCall } from '../../lib/memory/faults.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { entityAddress, orchestrationAddress, partitionOf } from '../../lib/wire/addresses.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { TaskHubWorker } from '../../lib/worker/task-hub-worker.js';
import { Counter } from './bank.js';
import { ask, bytes, hostOf, MemoryClient, MemoryWorker, recordingLogger } from './surroundings.js';

/** The server keeps silent to calls of one kind of one process. */
class Silence implements FaultPlan {
  of: { readonly connection?: string; readonly port: PortCall['port']; readonly operation?: string } | undefined;
  next({ port, connection, operation }: PortCall): Fault {
    const { of } = this;
    const isOf = of !== undefined && connection === (of.connection ?? 'w') && port === of.port;
    return isOf && operation === (of.operation ?? operation) ? 'requestLost' : 'none';
  }
}

/** A shelf of one hub; `held` is given what ends its `hold`. */
function newShelf(held: (letGo: () => void) => void) {
  @Entity('shelf')
  class Shelf {
    state: { kept: unknown } = { kept: undefined };
    @Operation({ input: 'unknown' }) keep(value: unknown): void {
      this.state.kept = value;
    }
    @Operation({ input: Number }) grow(length: number): void {
      this.state.kept = 'x'.repeat(length);
    }
    @Operation() async hold(): Promise<void> {
      await new Promise<void>((resolve) => held(resolve));
    }
    @Operation({ input: [String] }) tell(keys: string[], context: EntityContext): void {
      for (const key of keys) context.signalEntity('counter', key, 'add', key);
    }
  }
  return Shelf;
}

@Orchestrator('asks')
class Asks {
  @Run({ input: String }) *run(name: string, context: OrchestrationContext): Orchestration<unknown> {
    return yield* context.callActivity(name, undefined, { queue: 'jobs' });
  }
}

/** Its last history does not show its child. */
@Orchestrator('renews')
class Renews {
  @Run({ input: Number }) *run(left: number, context: OrchestrationContext): Orchestration<void> {
    if (left === 0) return;
    yield* context.callSubOrchestrator(Renews, 0);
    context.continueAsNew(0);
  }
}

class Jobs {
  @Activity({ queue: 'jobs' }) job(): string {
    return 'done';
  }
}

const large = 'x'.repeat(20_000);
const keys = Array.from({ length: 8 }, (_, n) => `k${n}`);

/** A hub of two partitions, a client, and what was logged in the process \`w\`. */
function surroundings() {
  const faults = new Silence();
  const world = new MemoryWorld({ faults });
  const hub = world.createHub('test', 2, { maxInlineValueBytes: 4_096 });
  const lines: string[] = [];
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise);
  const advance = (milliseconds: number): Promise<void> => world.scheduler.advance(milliseconds);
  const client = new MemoryClient(hub, 'client');
  let held = (): void => {};
  const shelf = newShelf((letGo) => (held = letGo));
  const host = hostOf({ entities: [Counter, shelf], orchestrators: [Asks, Renews] });
  const claimer = (name = 'w', options: OwnerOptions = {}): MemoryWorker =>
    new MemoryWorker(hub, name, host, options, recordingLogger(lines));
  const owner = async (name = 'w', options: OwnerOptions = {}): Promise<MemoryWorker> => {
    const worker = claimer(name, options);
    await settle(worker.claim());
    await advance(500);
    return worker;
  };
  const starting = (name: string, hosted: Hosted): Promise<TaskHubWorker> =>
    TaskHubWorker.start({ ports: memoryHubPorts(hub.connect(name), recordingLogger(lines)) }, hosted);
  const worker = async (name: string, hosted: Hosted): Promise<TaskHubWorker> => {
    const started = await settle(starting(name, hosted));
    await advance(500);
    return started;
  };
  return { faults, hub, lines, client, settle, advance, claimer, owner, starting, worker, letGo: () => held() };
}

type Around = ReturnType<typeof surroundings>;

/** A loop, the silence in which it stands still, and how that comes about; and what it is told of. */
interface Row {
  readonly loop: string;
  readonly silence?: NonNullable<Silence['of']>;
  readonly about?: RegExp;
  readonly come: (around: Around, begin: () => void) => Promise<unknown>;
  /** How long it takes until it waits, in milliseconds. */
  readonly after?: number;
}

const signalled = async ({ owner, settle, client }: Around, begin: () => void): Promise<void> => {
  await owner();
  begin();
  await settle(client.signal('counter', 'k', 'add', 'x'));
};

/** A shelf that holds, and messages behind that which are parked: of none of them anything stays in memory. */
async function parked({ owner, settle, client, advance }: Around, before = (): void => {}): Promise<void> {
  await owner('w', { mail: { kept: 0 } });
  await settle(client.signal('shelf', 's', 'hold'));
  await advance(200);
  before();
  for (const key of keys) await settle(client.signal('shelf', 's', 'keep', key));
}

async function storedLarge({ owner, settle, client, advance }: Around): Promise<void> {
  await owner();
  await settle(client.signal('shelf', 's', 'grow', large.length));
  await advance(2_000);
}

async function jobElsewhere({ worker, client, settle }: Around, begin: () => void, name = 'job'): Promise<void> {
  await worker('owner', { orchestrators: [Asks] });
  await worker('w', { activities: [new Jobs()] });
  begin();
  await settle(client.start('asks', 'i', name));
}

const sources = ['lib/engine', 'lib/worker'].flatMap((folder) =>
  readdirSync(folder).map((file) => [`${folder}/${file}`, readFileSync(`${folder}/${file}`, 'utf8')] as const),
);

/** Whether a loop that does not go through a list awaits something: its head is a line, and its body is indented. */
function awaitsInLoop(source: string): boolean {
  const lines = source.split('\n');
  const indentOf = (line: string): number => line.search(/\S/);
  return lines.some((head, at) => {
    if (!/^ *(?:for \((?!const ).*;.*;|while \()/.test(head)) return false;
    const rest = lines.slice(at + 1);
    const end = rest.findIndex((line) => line !== '' && indentOf(line) <= indentOf(head));
    return [head, ...rest.slice(0, end)].some((line) => /\bawait\b/.test(line));
  });
}

const rows: readonly Row[] = [
  { loop: 'the commit of a record', silence: { port: 'log' }, come: signalled },
  { loop: 'the storing of heads', silence: { port: 'views' }, come: signalled },
  { loop: 'the storing of the checkpoint', silence: { port: 'views', operation: 'write' }, come: signalled },
  {
    loop: 'the loading of an instance',
    silence: { port: 'views', operation: 'read' },
    about: /^e\.counter\.k:/,
    come: async ({ owner, settle, client, advance }, begin) => {
      const first = await owner('first');
      await settle(client.signal('counter', 'k', 'add', 'x'));
      await advance(2_000);
      await settle(first.stop());
      await owner();
      begin();
      await settle(client.signal('counter', 'k', 'add', 'y'));
    },
  },
  {
    loop: 'the barrier of reads',
    silence: { port: 'log' },
    come: async (around, begin) => {
      await around.owner();
      begin();
      await ask(around, entityAddress({ name: 'counter', key: 'k' }), { kind: 'inspect' });
    },
  },
  {
    loop: 'a read, for the mail before it',
    about: /^e\.counter\.k:/,
    come: async (around) => {
      await around.owner();
      const entity = { name: 'counter', key: 'k' };
      await ask(around, entityAddress(entity), { kind: 'read', entity, name: 'add', after: 1_000 }); // of such mail there is none
    },
  },
  {
    loop: 'the look after the streams',
    silence: { port: 'storage' },
    come: ({ owner }, begin) => owner().then(begin),
    after: 3_000,
  },
  {
    loop: 'the sending to another partition',
    silence: { port: 'mailbox', operation: 'send' },
    about: /^partition [01]:/,
    come: async ({ owner, settle, client }, begin) => {
      await owner();
      begin();
      await settle(client.signal('shelf', 's', 'tell', keys));
    },
  },
  {
    loop: 'the sending to a work queue',
    silence: { port: 'tasks', operation: 'publish' },
    about: /^o\.i:/,
    come: async ({ owner, settle, client }, begin) => {
      await owner();
      begin();
      await settle(client.start('asks', 'i', 'nothing'));
    },
  },
  {
    loop: 'the storing of a dead letter',
    silence: { port: 'deadLetters' },
    about: /^pd\.test\.\d\.m\.e\.counter\.k:/,
    come: async ({ owner, settle, client: { ports } }, begin) => {
      await owner();
      begin();
      const address = entityAddress({ name: 'counter', key: 'k' });
      const partition = partitionOf(address, ports.partitions);
      const garbage = bytes('garbage');
      await settle(ports.mailOf(partition).send(partitionSubjects(ports.name, partition).mail(address), garbage));
    },
  },
  {
    loop: 'the storing of parked messages',
    silence: { port: 'views', operation: 'write' },
    come: (around, begin) => parked(around, begin),
    after: 1_500,
  },
  {
    loop: 'the reading of parked messages',
    silence: { port: 'views', operation: 'read' },
    about: /^e\.shelf\.s:/,
    come: async (around, begin) => {
      await parked(around);
      await around.advance(5_000);
      begin();
      around.letGo();
    },
  },
  {
    loop: 'the removal of parked messages',
    silence: { port: 'views', operation: 'remove' },
    come: async (around, begin) => {
      await parked(around);
      await around.advance(5_000);
      begin();
      around.letGo();
    },
  },
  {
    loop: 'the sweep for pages of parked messages',
    silence: { port: 'views', operation: 'subjects' },
    come: ({ owner }, begin) => {
      begin();
      return owner();
    },
  },
  {
    loop: 'the listing of heads',
    silence: { port: 'views', operation: 'subjects' },
    come: ({ owner }, begin) => {
      begin();
      return owner();
    },
  },
  {
    loop: 'the storing of a large value',
    silence: { port: 'objects', operation: 'put' },
    about: /^e\.shelf\.s:/,
    come: async ({ owner, settle, client }, begin) => {
      await owner();
      begin();
      await settle(client.signal('shelf', 's', 'grow', large.length));
    },
  },
  {
    loop: 'the reading of large values',
    silence: { port: 'objects', operation: 'get' },
    about: /^e\.shelf\.s:/,
    come: async (around, begin) => {
      const { settle, client, advance } = around;
      const first = await around.owner('first');
      await settle(client.signal('shelf', 's', 'grow', large.length));
      await advance(2_000);
      await settle(first.stop());
      await around.owner();
      begin();
      await settle(client.signal('shelf', 's', 'keep', 'small'));
    },
  },
  {
    loop: 'a look for children',
    silence: { port: 'views', operation: 'notes' },
    come: async ({ owner, settle, client, advance }, begin) => {
      await owner();
      await settle(client.start('renews', 'r', 1));
      await advance(1_000);
      begin();
      await settle(client.send(orchestrationAddress('r'), { kind: 'control', action: 'purge' }));
    },
  },
  {
    loop: 'the removal of a stored value',
    silence: { port: 'objects', operation: 'remove' },
    about: /^e\.shelf\.s/,
    come: async (around, begin) => {
      await storedLarge(around);
      begin();
      await around.settle(around.client.signal('shelf', 's', 'keep', 'small'));
    },
  },
  {
    loop: 'the sweep for stored values that nothing names',
    silence: { port: 'objects', operation: 'list' },
    come: async ({ owner, advance }, begin) => {
      await owner();
      begin();
      await advance(600_000);
    },
  },
  {
    loop: 'the sweep for instances that are not kept any more',
    silence: { port: 'views', operation: 'scan' },
    come: async ({ owner, advance }, begin) => {
      await owner();
      begin();
      await advance(3_600_000);
    },
  },
  {
    loop: 'the making of pages of notes',
    silence: { port: 'views', operation: 'notes' },
    come: async ({ owner, settle, client }, begin) => {
      await owner();
      const signals = Array.from({ length: 4_400 }, (_, n) => client.signal('counter', `k${n}`, 'add', 'x')); // for 2,000 heads in one of two partitions
      await settle(Promise.all(signals));
      begin();
    },
    after: 8_000,
  },
  {
    loop: 'a step that another worker runs',
    about: /^e\.diary\.d:/,
    come: async ({ owner, settle, client }) => {
      const onChange = () => ({ close: () => {} });
      await owner('w', { directory: { workersWith: () => ['deaf'], onChange } });
      client.ports.bus.subscribe(client.ports.subjects.steps('deaf'), () => {});
      await settle(client.signal('diary', 'd', 'note', 'x'));
    },
  },
  {
    loop: 'the takeover',
    silence: { port: 'log' },
    come: ({ claimer, advance }, begin) => {
      begin();
      claimer()
        .claim()
        .catch(() => {}); // it never comes to an end
      return advance(0);
    },
  },
  {
    loop: 'the sending of the result of an activity',
    silence: { port: 'mailbox', operation: 'send' },
    about: /^o\.i:/,
    come: jobElsewhere,
  },
  {
    loop: 'the giving back of a call to its work queue',
    silence: { port: 'tasks', operation: 'publish' },
    about: /^o\.i:/,
    come: (around, begin) => jobElsewhere(around, begin, 'foreign'),
    after: 5_500,
  },
  {
    loop: 'the storing of a lease',
    silence: { port: 'store', operation: 'put' },
    about: /^partition [01]:/,
    come: async ({ worker, settle, client }, begin) => {
      await worker('w', { entities: [Counter] });
      begin();
      for (const key of keys) await settle(client.signal('counter', key, 'add', key)); // else what is stored would do
    },
    after: 3_000,
  },
  {
    loop: "the storing of the worker's record",
    silence: { port: 'store', operation: 'put' },
    come: ({ worker }, begin) => worker('w', { entities: [Counter] }).then(begin),
    after: 3_000,
  },
  {
    loop: 'the storing of the names that it hosts',
    silence: { port: 'store', operation: 'put' },
    come: async ({ starting }, begin) => {
      begin();
      void starting('w', { entities: [Counter] }); // it waits for the end of the silence
    },
  },
  {
    loop: 'the look at workers and leases',
    silence: { port: 'store', operation: 'list' },
    come: ({ worker }, begin) => worker('w', { entities: [Counter] }).then(begin),
    after: 5_000,
  },
];

for (const { loop, silence, about, come, after = 0 } of rows)
  test(`a loop that stands still is told once, with what the place looks like: ${loop}`, async (t) => {
    const around = surroundings();
    const { faults, lines, advance } = around;
    await come(around, () => (faults.of = silence));
    const stuck = (): string[] => lines.filter((line) => line.includes(`Stuck: ${loop} `));
    await advance(after + 8_000);
    t.deepEqual(stuck(), [], 'it is not told before it has waited for 10 s');
    await advance(30_000);
    const told = new Set(stuck().map((line) => /"where":"([^"]+)"/.exec(line)?.[1]));
    t.true(told.size > 0);
    t.is(stuck().length, told.size, 'once in each place');
    for (const line of stuck()) {
      t.regex(line, about ?? /^(partition [01]|.*\.\d+\..*): Stuck/);
      t.regex(line, / has waited for 1\d s /);
      const { dump } = JSON.parse(line.slice(line.indexOf('{'))) as { dump: string };
      const { waits } = JSON.parse(dump) as { waits: { name: string; since: number }[] };
      t.true(waits.some(({ name, since }) => name === loop && Number.isInteger(since)));
    }
  });

test('a loop that goes on is told no more, and again when it stands still another time', async (t) => {
  const around = surroundings();
  const { faults, lines, client, settle, advance, owner } = around;
  await owner();
  for (const id of ['a', 'b']) {
    faults.of = { port: 'log' };
    await settle(client.signal('counter', 'k', 'add', id));
    await advance(60_000);
    faults.of = undefined;
    await advance(5_000);
  }
  t.is(lines.filter((line) => line.includes('Stuck: the commit of a record')).length, 2);
  t.deepEqual((await settle(client.entityHead('counter', 'k')))?.state, { seen: ['a', 'b'] });
});

test('the owner of a partition tells people what waits and since when, and when it committed last', async (t) => {
  const around = surroundings();
  const { faults, client, settle, advance, owner, world } = { ...around, world: around.hub.world };
  await owner();
  const address = orchestrationAddress('i');
  faults.of = { port: 'tasks', operation: 'publish' };
  await settle(client.start('asks', 'i', 'nothing'));
  await advance(2_000);
  const [answer] = await ask(around, address, { kind: 'inspect' });
  t.is(answer?.kind, 'inspect');
  const { waits, committedAt } = (answer as Extract<typeof answer, { kind: 'inspect' }>).inspection;
  t.deepEqual(
    waits?.map(({ name, instance }) => [name, instance]),
    [['the sending to a work queue', address]],
  );
  const age = world.time - (waits?.[0]?.since ?? 0);
  t.true(age >= 2_000 && age <= 3_500, String(age));
  t.true(committedAt !== undefined && committedAt <= waits![0]!.since && committedAt > waits![0]!.since - 1_000);
});

/** By which of the loops above each loop of the source that may go on for ever is watched; or why it needs none. */
const watchedBy: Readonly<Record<string, readonly string[]>> = {
  'lib/engine/channels.ts': ['the sending to another partition'],
  'lib/engine/checkpoints.ts': ['the storing of the checkpoint', 'the takeover'],
  'lib/engine/committer.ts': ['the commit of a record'],
  'lib/engine/dead-letters.ts': ['the storing of a dead letter'],
  'lib/engine/delegation.ts': ['a step that another worker runs'],
  'lib/engine/dispatcher.ts': ['the sending to a work queue'],
  'lib/engine/entity-reads.ts': ['a read, for the mail before it'],
  'lib/engine/flusher.ts': ['the storing of heads'],
  'lib/engine/heads.ts': ['the storing of heads'],
  'lib/engine/large-values.ts': ['the storing of a large value', 'the reading of large values'],
  'lib/engine/looks.ts': ['ends after a number of looks'],
  'lib/engine/lost-requests.ts': ['ends after the last partition'],
  'lib/engine/orchestration-queries.ts': ['the loading of an instance', 'a step that another worker runs'],
  'lib/engine/orchestration-runner.ts': ['the loading of an instance'],
  'lib/engine/parked-pages.ts': ['the storing of parked messages'],
  'lib/engine/parking.ts': ['the storing of parked messages'],
  'lib/engine/partition-reading.ts': ['the takeover'],
  'lib/engine/partition-run.ts': ['ends after the time for a stop'],
  'lib/engine/recovery.ts': ['the takeover'],
  'lib/engine/segments.ts': ['the storing of heads'],
  'lib/engine/spent-values.ts': ['the removal of a stored value'],
  'lib/engine/step-server.ts': ['ends after the time for a stop'],
  'lib/engine/successors.ts': ['ends after a number of waits'],
  'lib/engine/task-worker.ts': ['ends after a number of tries'],
  'lib/engine/upkeep.ts': ['the storing of heads'],
  'lib/engine/value-sweep.ts': ['the sweep for stored values that nothing names'],
  'lib/engine/views-stored.ts': ['ends after a number of tries'],
  'lib/engine/damaged-claim.ts': ['a person waits for the command'],
  'lib/engine/diagnosis.ts': ['ends after a number of looks'],
  'lib/engine/given-up-mail.ts': ['a person waits for the command'],
  'lib/engine/loss-acceptance.ts': ['a person waits for the command'],
  'lib/worker/http-requests.ts': ['ends after a number of redirects'],
  'lib/worker/known-names.ts': ['the storing of the names that it hosts'],
  'lib/worker/lease.ts': ['the storing of a lease'],
  'lib/worker/membership.ts': ["the storing of the worker's record"],
};

test('every loop is told of by a test', (t) => {
  const entry = /\bloops\??\s*\.(?:add|watch)\(\s*(['"])(.+?)\1/g;
  const names = sources.flatMap(([, source]) => Array.from(source.matchAll(entry), ([, , name]) => name!));
  t.deepEqual(rows.map(({ loop }) => loop).toSorted(), [...new Set(names)].toSorted());
});

test('whatever awaits again and again is watched by such a loop, or has its end', (t) => {
  const endless = sources.filter(([, source]) => awaitsInLoop(source)).map(([file]) => file);
  t.deepEqual(endless.toSorted(), Object.keys(watchedBy).toSorted());
  const loops = new Set(rows.map(({ loop }) => loop));
  const known = /^ends after |^a person waits for the command$/;
  for (const names of Object.values(watchedBy))
    for (const name of names) t.true(loops.has(name) || known.test(name), name);
});
