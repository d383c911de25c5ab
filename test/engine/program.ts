import { MemoryClient } from './surroundings.js';

/** A program of every kind of message over few partitions, with one right outcome. */
export async function sendProgram(client: MemoryClient): Promise<void> {
  // Stored before any transfer is, so that no account lacks the money.
  await Promise.all(['a', 'b', 'c', 'd'].map((key) => client.signal('account', key, 'deposit', { amount: 100 })));
  await Promise.all([
    ...Array.from({ length: 12 }, (_, i) =>
      client.signal('counter', `k${i % 3}`, i % 4 === 0 ? 'slowly' : 'add', `s${i}`),
    ),
    client.signal('counter', 'k0', 'forward', 'k1'),
    client.start('hello', 'h'),
    client.start('parent', 'p'),
    ...Array.from({ length: 6 }, (_, i) =>
      client.start('transfer', `t${i}`, { from: 'abcd'[i % 4], to: 'abcd'[(i + 1) % 4], amount: 30 }),
    ),
  ]);
}

/** What of the program's outcome is not right, as the stored heads show it. */
export async function violations(client: MemoryClient): Promise<string[]> {
  const found: string[] = [];
  const expect = (what: string, actual: unknown, expected: unknown): void => {
    if (JSON.stringify(actual) !== JSON.stringify(expected))
      found.push(`${what}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
  };
  const hello = ['Hello, Tokyo!', 'Hello, Seattle!', 'Hello, Cairo!'];
  expect('hello', (await client.orchestrationHead('h'))?.output, hello);
  expect('parent', (await client.orchestrationHead('p'))?.output, [hello, 'rested']);
  for (let i = 0; i < 6; i++) expect(`t${i}`, (await client.orchestrationHead(`t${i}`))?.status, 'Completed');
  let [total, operations] = [0, 0];
  for (const key of ['a', 'b', 'c', 'd']) {
    const state = (await client.entityHead('account', key))?.state as
      { balance: number; operations: number } | undefined;
    total += state?.balance ?? 0;
    operations += state?.operations ?? 0;
  }
  expect('total', total, 400);
  expect('operations on accounts', operations, 4 + 12);
  for (let k = 0; k < 3; k++) {
    const state = (await client.entityHead('counter', `k${k}`))?.state as { seen: string[] } | undefined;
    const seen = state?.seen ?? [];
    const own = seen.filter((id) => id.startsWith('s'));
    expect(
      `k${k} in order`,
      own,
      [0, 1, 2, 3].map((i) => `s${k + 3 * i}`),
    );
    expect(`k${k} forwarded`, seen.length - own.length, k === 1 ? 1 : 0);
  }
  return found;
}
