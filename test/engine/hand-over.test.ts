/** docs/adr/0055: what one partition has for another of the same worker comes without mail, and is as safe as if it came so. */
import test from 'ava';
import { PartitionTables } from '../../lib/engine/tables.js';
import { gather } from '../../lib/engine/recovery.js';
import type { Fault, FaultPlan, PortCall } from '../../lib/memory/faults.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';
import type { CommitRecord, LogRecord } from '../../lib/wire/record.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { sendProgram, violations } from './program.js';
import { bankHost, MemoryClient, MemoryWorker, neighbours } from './surroundings.js';

const PARTITIONS = 3;
const each = Array.from({ length: PARTITIONS }, (_, partition) => partition);

function recordsOf(hub: MemoryHub, partition: number): readonly CommitRecord[] {
  const records: CommitRecord[] = [];
  for (const { body, sequence } of hub.streams(partition).log.all()) {
    const record = decodeRecord(body, `record ${sequence}`);
    if (record.type === 'commit') records.push(record);
  }
  return records;
}

const handedIn = (hub: MemoryHub): number =>
  each.flatMap((partition) => recordsOf(hub, partition).flatMap(({ steps }) => steps.filter(({ handed }) => handed)))
    .length;

const envelopesIn = (hub: MemoryHub): number =>
  each.reduce((sum, partition) => {
    const { envelopes } = partitionSubjects('test', partition);
    return sum + Array.from(hub.streams(partition).mail.all()).filter(({ subject }) => subject === envelopes).length;
  }, 0);

/** A hub on which the program runs, with one worker whose partitions are neighbours or not. */
async function ran(isHandedOver: boolean, faults?: FaultPlan) {
  const world = new MemoryWorld({ seed: 7, ...(faults && { faults }) });
  const hub = world.createHub('test', PARTITIONS);
  const host = bankHost();
  const worker = new MemoryWorker(hub, 'worker', host, isHandedOver ? neighbours(host) : {});
  const client = new MemoryClient(hub, 'client');
  const { scheduler } = world;
  await scheduler.settle(worker.claim());
  await scheduler.settle(sendProgram(client));
  return { world, hub, worker, client, scheduler };
}

test('what partitions of one worker have for each other comes without an envelope', async (t) => {
  const { hub, client, scheduler } = await ran(true);
  await scheduler.advance(500);
  t.true(handedIn(hub) > 10);
  t.is(envelopesIn(hub), 0);
  t.deepEqual(await scheduler.settle(violations(client)), []);
  const others = await ran(false);
  await others.scheduler.advance(500);
  t.is(handedIn(others.hub), 0);
  t.true(envelopesIn(others.hub) > 10);
});

test('a build that does not know what is handed over reads the same from its records', async (t) => {
  const { hub, scheduler } = await ran(true);
  await scheduler.advance(500);
  for (const partition of each) {
    const [known, unknown] = [new PartitionTables(), new PartitionTables()];
    for (const [at, record] of recordsOf(hub, partition).entries()) {
      known.apply(record, at + 1);
      unknown.apply(withoutField(record), at + 1);
      t.deepEqual(unknown.snapshot(), known.snapshot());
    }
  }
});

test('a new owner loads no instance for what was handed over', (t) => {
  const tail = new Map();
  const handed = { to: 'e.account.a', messages: [], handed: [1, 5] as const };
  const record = { type: 'commit', steps: [handed, { to: 'e.account.b' }] } as unknown as LogRecord;
  gather(tail, { record, first: 1, sequence: 1 });
  t.deepEqual([...tail.keys()], ['e.account.b']);
});

function withoutField(record: CommitRecord): CommitRecord {
  const steps = record.steps.map((entry) => {
    const { handed: _handed, ...step } = entry;
    return step;
  });
  return { ...record, steps };
}

/** While it is on, nothing that one partition's owner records arrives. */
class Deaf implements FaultPlan {
  isOn = false;

  next({ connection, partition, port, operation }: PortCall): Fault {
    const isIts = connection === 'worker' && partition === 1 && port === 'log' && operation === 'append';
    return this.isOn && isIts ? 'requestLost' : 'none';
  }
}

test('C5: what an owner was handed and has not recorded when it is replaced is sent as mail, at once', async (t) => {
  const faults = new Deaf();
  const world = new MemoryWorld({ seed: 7, faults });
  const hub = world.createHub('test', PARTITIONS);
  const host = bankHost();
  const worker = new MemoryWorker(hub, 'worker', host, neighbours(host));
  const client = new MemoryClient(hub, 'client');
  const { scheduler } = world;
  await scheduler.settle(worker.claim());
  faults.isOn = true;
  await scheduler.settle(sendProgram(client));
  await scheduler.advance(300);
  t.is(envelopesIn(hub), 0);
  const successor = new MemoryWorker(hub, 'successor', host);
  await scheduler.settle(successor.owners[1]!.claim());
  await scheduler.advance(2_000); // a channel that stands still is noticed after 3 s
  t.true(envelopesIn(hub) > 0);
  t.deepEqual(await scheduler.settle(violations(client)), []);
});
