import test, { type ExecutionContext } from 'ava';
import { diagnose, isHealthy } from '../../lib/engine/diagnosis.js';
import { acceptLoss } from '../../lib/engine/loss-acceptance.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { entityAddress, orchestrationAddress, partitionOf } from '../../lib/wire/addresses.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';

import { KillAt, type LastCall } from './kill-at.js';
import { bankHost, MemoryClient, MemoryWorker, recordingLogger, surroundings } from './surroundings.js';

function keyIn(partition: number): string {
  for (let i = 0; ; i++)
    if (partitionOf(entityAddress({ name: 'counter', key: `n${i}` }), 2) === partition) return `n${i}`;
}
function napIn(partition: number): string {
  for (let i = 0; ; i++) if (partitionOf(orchestrationAddress(`nap${i}`), 2) === partition) return `nap${i}`;
}

type Damage = 'log' | 'mail' | 'checkpoint';

async function damaged(damage: Damage) {
  const around = surroundings(2);
  const { hub, client, settle, advance } = around;
  const worker = new MemoryWorker(hub, 'w1', bankHost());
  await settle(worker.claim());
  for (const name of ['a', 'b']) {
    for (const partition of [0, 1]) await settle(client.signal('counter', keyIn(partition), 'add', name));
    await advance(1_500);
  }
  await settle(client.start('nap', napIn(0), 3_600_000));
  await settle(client.signal('counter', keyIn(1), 'forward', keyIn(0)));
  await advance(1_500);
  const frozen = worker.connection;
  frozen.process.freeze();
  const { log, mail, state } = hub.streams(0);
  if (damage === 'log') log.rewind(log.last - 2);
  else if (damage === 'mail') mail.rewind(mail.last - 2);
  else state.remove(state.latest(hub.subjects.partition(0).checkpoint)!.sequence);
  return { ...around, frozen };
}

/** The doctor dies at one of its calls; another one finds what it has left, and the former owner wakes behind both. */
async function interrupted(t: ExecutionContext, damage: Damage, call: number, fault: LastCall): Promise<boolean> {
  const { world, hub, settle, advance, frozen } = await damaged(damage);
  const where = `${damage}, call ${call}, ${fault}`;
  const first = hub.connect('victim');
  const dying = new KillAt(call, fault);
  dying.onKill = () => first.kill();
  world.faults = dying;
  let isDone = false;
  void acceptLoss(memoryHubPorts(first, recordingLogger()), 0, bankHost()).then(() => (isDone = true));
  await advance(15_000);
  const { log } = hub.streams(0);
  const lastOf = () => log.get(log.last)?.body;
  const isReset = (): boolean => {
    const body = lastOf();
    return body !== undefined && decodeRecord(body, 'last').type === 'reset';
  };
  const doctor = memoryHubPorts(hub.connect('doctor'), recordingLogger());
  if (!isReset()) {
    // What is not accepted is refused as before.
    const claimed = settle(new MemoryWorker(hub, 'early', bankHost()).owners[0]!.claim());
    const error = await t.throwsAsync(claimed, undefined, where);
    t.regex(String((error as { code?: string } | undefined)?.code), /REGRESSED|CORRUPT/, where);
    t.false((await settle(diagnose(doctor, [0]))).every(isHealthy), where);
    await settle(acceptLoss(doctor, 0, bankHost()));
  }
  t.true((await settle(diagnose(doctor, [0, 1]))).every(isHealthy), where);
  const next = new MemoryWorker(hub, 'w2', bankHost());
  await settle(next.claim());
  frozen.process.wake();
  const client = new MemoryClient(hub, 'later');
  await settle(client.signal('counter', keyIn(0), 'add', 'new'));
  await settle(client.signal('counter', keyIn(1), 'forward', keyIn(0)));
  await advance(20_000);
  const { seen } = (await settle(client.entityHead('counter', keyIn(0))))!.state as { seen: string[] };
  t.is(seen.filter((name) => name === 'new').length, 1, `${where}: ${seen.join()}`);
  t.is(seen.filter((name) => name === 'a').length, 1, `${where}: ${seen.join()}`);
  t.true(seen.includes(`via ${keyIn(1)}`), `${where}: ${seen.join()}`);
  for (const stream of [log]) t.true(stream.last > 0);
  return isDone;
}

for (const damage of ['log', 'mail', 'checkpoint'] as const)
  test(`P12: whoever accepts a loss of the ${damage} may die at any of its calls: it is refused until it is accepted`, async (t) => {
    for (const fault of ['requestLost', 'responseLost'] as const)
      for (let call = 1, isDone = false; !isDone; call++) isDone = await interrupted(t, damage, call, fault);
  });
