import test from 'ava';
import { Entity, Operation } from 'perdure/decorators';
import type { CodeName } from '../../lib/engine/activation.js';
import type { Directory } from '../../lib/engine/delegation.js';
import { PartitionOwner } from '../../lib/engine/partition-owner.js';
import { StepServer } from '../../lib/engine/step-server.js';
import type { MemoryConnection } from '../../lib/memory/connection.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { Counter } from './bank.js';
import { ask, hostOf, recordingLogger, surroundings, servedWith } from './surroundings.js';

/** How often workers were asked to wait: the first ones wait for ever. */
let waits = 0;

/** The class of a worker of its own, that dies of what kills it. */
function bombOf(connection: () => MemoryConnection) {
  @Entity('bomb')
  class Bomb {
    state = { ticks: 0 };
    @Operation() tick(): number {
      return ++this.state.ticks;
    }
    @Operation({ timeoutInMilliseconds: 3_600_000 }) wait(): Promise<void> | number {
      return ++waits <= 4 ? new Promise<void>(() => {}) : ++this.state.ticks;
    }
    @Operation() boom(): void {
      connection().kill();
    }
  }
  return Bomb;
}

/** Workers that have bombs, and an owner of the only partition that has none. */
async function bombs() {
  const around = surroundings(1);
  const { hub, settle } = around;
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  const live = new Map<string, { readonly connection: MemoryConnection; readonly server: StepServer }>();
  const asked: string[] = [];
  const directory: Directory = {
    workersWith: ({ name }: CodeName) => (name === 'bomb' ? [...live.keys()] : []),
    onChange: (listener) => {
      listeners.add(listener);
      return { close: () => void listeners.delete(listener) };
    },
  };
  const changed = (): void => listeners.forEach((listener) => listener());
  const join = (name: string): void => {
    const connection = hub.connect(name);
    const ports = memoryHubPorts(connection, recordingLogger(lines));
    ports.bus.subscribe(ports.subjects.steps(name), () => void asked.push(name));
    const server = new StepServer(ports, hostOf({ entities: [bombOf(() => connection)] }), name, servedWith(ports));
    live.set(name, { connection, server });
    changed();
  };
  /** The others see that the dead are dead. */
  const bury = (): void => {
    for (const [name, { connection }] of live) if (!connection.isOpen) live.delete(name);
    changed();
  };
  const owner = async (name: string) => {
    const connection = hub.connect(name);
    const ports = memoryHubPorts(connection, recordingLogger(lines));
    const owning = new PartitionOwner(0, ports, hostOf({ entities: [Counter] }), { directory });
    await settle(owning.claim());
    return { connection, owner: owning };
  };
  return { ...around, lines, live, asked, join, bury, owner };
}

test('a message that kills three workers is to blame: its instance is quarantined, others go on, a release lets it go', async (t) => {
  const around = await bombs();
  const { client, settle, advance, join, bury, owner, lines, live, asked } = around;
  const { owner: first } = await owner('owner');
  for (const name of ['a', 'b', 'c', 'd']) join(name);
  await settle(client.signal('bomb', 'k', 'tick'));
  await settle(client.signal('bomb', 'k', 'boom'));
  await settle(client.signal('bomb', 'k', 'tick'));
  for (let at = 0; at < 12; at++) {
    await advance(5_000);
    bury();
  }
  t.is(live.size, 1, 'the fourth one is not asked');
  t.is(lines.filter((line) => /Quarantined: 3 workers with entity "bomb" died/.test(line)).length, 1);
  t.deepEqual((await settle(client.entityHead('bomb', 'k')))?.state, { ticks: 1 });
  const before = asked.length;
  await settle(client.signal('bomb', 'other', 'tick'));
  await settle(client.signal('counter', 'c', 'add', 'x'));
  await advance(60_000);
  t.is(asked.length, before + 1);
  t.deepEqual((await settle(client.entityHead('bomb', 'other')))?.state, { ticks: 1 });
  t.deepEqual((await settle(client.entityHead('counter', 'c')))?.state, { seen: ['x'] });

  const begun = around.world.scheduler.now;
  await settle(first.stop());
  t.true(around.world.scheduler.now - begun < 1_000, 'what is quarantined keeps no owner from stopping');
  await owner('next');
  await advance(60_000);
  t.is(asked.length, before + 1, 'the next owner knows');
  const release = { kind: 'release', address: 'e.bomb.k', discard: true };
  t.like((await ask(around, 'e.bomb.k', release))[0], { kind: 'release', released: true });
  await advance(1_000);
  t.deepEqual((await settle(client.entityHead('bomb', 'k')))?.state, { ticks: 2 });
});

test('workers that stop in the middle of a step are no deaths', async (t) => {
  const around = await bombs();
  const { client, settle, advance, join, owner, lines, live, asked } = around;
  await owner('owner');
  for (const name of ['a', 'b', 'c', 'd', 'e']) join(name);
  await settle(client.signal('bomb', 'k', 'wait'));
  for (let stops = 1; stops <= 4; stops++) {
    await advance(20_000);
    t.is(waits, stops);
    const { server } = live.get(asked.at(-1)!)!;
    live.delete(asked.at(-1)!);
    server.close();
  }
  await advance(1_000);
  t.deepEqual((await settle(client.entityHead('bomb', 'k')))?.state, { ticks: 1 });
  t.deepEqual(lines, []);
});

test('workers that say nothing are asked one after the other, until one answers', async (t) => {
  const around = await bombs();
  const { client, settle, advance, join, owner, lines, live, asked } = around;
  await owner('owner');
  for (const name of ['a', 'b', 'c', 'd', 'e']) join(name);
  await settle(client.signal('bomb', 'k', 'tick'));
  await advance(100);
  const [first] = asked;
  for (const name of ['a', 'b', 'c', 'd', 'e']) if (name !== 'd') live.get(name)!.server.close();
  await settle(client.signal('bomb', 'k', 'tick'));
  await settle(client.signal('bomb', 'k', 'tick'));
  await advance(30_000);
  t.deepEqual((await settle(client.entityHead('bomb', 'k')))?.state, { ticks: 3 });
  t.is(asked[1], first, 'the one that has a copy');
  t.true(asked.length <= 6, asked.join(' '));
  t.deepEqual(lines, []);
});
