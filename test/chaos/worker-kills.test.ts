import test, { type ExecutionContext } from 'ava';
import { connectTaskHub, TaskHubClient } from 'perdure';
import { SeededRandom } from '../../lib/memory/random.js';
import { amount } from '../amount.js';
import { startTestServer } from '../servers.js';
import type { Moment } from './dying-ports.js';
import { Ledger } from './ledger.js';
import { ServiceProcess } from './service-process.js';

const firstSeed = Number(process.env['PERDURE_SEED'] ?? 1);
const seeds = amount(1, 10);
const kills = 20;
const moments: readonly Moment[] = ['before', 'sent', 'answered'];

async function killAndCheck(t: ExecutionContext, seed: number): Promise<void> {
  t.timeout(180_000);
  const random = new SeededRandom(seed);
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const hub = await connectTaskHub({ name: 'chaos', servers: server.url, partitions: 4 });
  t.teardown(() => hub.close());
  const client = new TaskHubClient(hub);
  t.teardown(() => client.close());
  const ledger = new Ledger(client, random.fork());

  const start = (death?: { readonly write: number; readonly moment: Moment }): ServiceProcess => {
    const service = new ServiceProcess(server.url, hub.name, death);
    t.teardown(() => service.kill('SIGKILL'));
    return service;
  };

  const first = start();
  await ledger.open();
  t.is(await first.stop(), 0, first.errors);

  for (let kill = 0; kill < kills; kill++) {
    const death = { write: 1 + random.below(60), moment: moments[random.below(moments.length)]! };
    const service = start(death);
    while (service.isRunning) {
      const hellos = await Promise.all([ledger.work(), ledger.work(), ledger.work()]);
      await Promise.race([Promise.all(hellos.map((hello) => hello.result())), service.ended]);
    }
    t.is(await service.ended, 'SIGKILL', `kill ${kill} at ${JSON.stringify(death)}: ${service.errors}`);
    t.notRegex(service.errors, /Quarantined/);
  }

  const last = start();
  const { hellos, transfers, signals, payments } = ledger.asked;
  t.deepEqual(
    await ledger.greetings(),
    Array.from({ length: hellos }, () => ['Hello, Tokyo!', 'Hello, Seattle!', 'Hello, Cairo!']),
  );
  const ends = await ledger.transfers();
  t.is(ends.length, transfers);
  const refusals = ends.filter((end) => typeof end === 'string');
  t.true(refusals.length > 0 && refusals.length < transfers);
  t.deepEqual(
    refusals.filter((reason) => !reason.includes('Insufficient funds')),
    [],
  );
  t.deepEqual(await ledger.paid(), payments);
  const balances = await ledger.balances();
  t.is(
    balances.reduce((sum, balance) => sum + balance, 0),
    ledger.total,
  );
  t.deepEqual(
    balances.filter((balance) => balance < 0),
    [],
  );
  t.deepEqual(await ledger.counted(), signals);

  t.is(await last.stop(), 0, last.errors);
}

for (let seed = firstSeed; seed < firstSeed + seeds; seed++)
  test.serial(
    `a worker killed with -9 at 20 moments leaves everything done, and done once: PERDURE_SEED=${seed}`,
    (t) => killAndCheck(t, seed),
  );
