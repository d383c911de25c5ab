import { connectTaskHub, PerdureError, TaskHubClient, TaskHubWorker } from 'perdure';
import { Account } from './account.js';
import { Transfer } from './transfer.js';
import type { TransferRequest } from './transfer-request.js';

await using hub = await connectTaskHub({ name: 'bank', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, { entities: [Account], orchestrators: [Transfer] });
await using client = new TaskHubClient(hub);

async function showBalances(): Promise<void> {
  const names = ['alice', 'bob', 'carol'];
  const balances = await Promise.all(names.map((name) => client.callEntity(Account, name).balance()));
  const total = balances.reduce((sum, balance) => sum + balance, 0);
  console.log(`  ${names.map((name, at) => `${name} ${balances[at]}`).join(', ')}; together ${total}`);
}

async function transfer(request: TransferRequest): Promise<void> {
  console.log(`${request.from} -> ${request.to}: ${request.amount}`);
  try {
    const started = await client.startNew(Transfer, request);
    console.log(`  done: ${JSON.stringify(await started.result())}`);
  } catch (error) {
    if (!(error instanceof PerdureError)) throw error;
    console.log(`  refused: ${error.code}: ${error.message}`);
  }
  await showBalances();
}

await client.callEntity(Account, 'alice').deposit({ amount: 5_000 });
await client.callEntity(Account, 'carol').close();
console.log('alice got 5000; the account of carol is closed');
await showBalances();

await transfer({ from: 'alice', to: 'bob', amount: 2_000 });
await transfer({ from: 'bob', to: 'alice', amount: 90_000_000 }); // more than bob has: his withdrawal is rolled back
await transfer({ from: 'alice', to: 'carol', amount: 1_000 }); // a closed account: alice gets her money back
await transfer({ from: 'alice', to: '', amount: -5 }); // broken rules: nothing is sent
