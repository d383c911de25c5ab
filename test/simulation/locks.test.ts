import test from 'ava';
import { amount } from '../amount.js';
import { simulateLocks } from './locks.js';
import { LONG_LEASE, type SectionAction } from './lock-script.js';
import { checkRelays } from './relays.js';
import type { Program } from './script.js';

const seeds = amount(100, 1_500);

test(`P22: critical sections have their entities for themselves, and no lock outlives its holder, under faults: ${seeds} seeds`, async (t) => {
  t.timeout(1_800_000);
  const totals = { takeovers: 0, faults: 0, unjudged: 0 };
  const kinds = new Map<string, number>();
  for (let seed = 1; seed <= seeds; seed++) {
    const { violations, unjudged, counts, program } = await simulateLocks({ seed });
    t.deepEqual(violations, [], `npm run simulate -- --family locks --seed ${seed}`);
    totals.takeovers += counts.takeovers;
    totals.faults += counts.faults;
    if (unjudged.length > 0) totals.unjudged++;
    for (const { script, by } of sectionsOf(program))
      for (const kind of [script.kind, script.end, by?.how ?? 'alone', ...(script.relay ? ['relay'] : [])])
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  t.log(totals, Object.fromEntries(kinds));
  t.true(totals.takeovers > 3 * seeds && totals.faults > 10 * seeds);
  t.true(totals.unjudged <= 0.02 * seeds);
  for (const kind of [
    'transfer',
    'visit',
    'outlive',
    'fail',
    'continue',
    'complete',
    'terminate',
    'cancel',
    'replace',
    'break',
    'relay',
  ])
    t.true((kinds.get(kind) ?? 0) > 0.1 * seeds, kind);
});

function sectionsOf({ clients }: Program): readonly SectionAction[] {
  return clients.flatMap(({ actions }) => actions.filter((action): action is SectionAction => action.do === 'section'));
}

test('a vault that is locked for nobody is told', async (t) => {
  const section = (at: number, lease: number): SectionAction => ({
    do: 'section',
    instanceId: `section-${at}`,
    script: { token: `section-${at}/0`, keys: ['v0'], kind: 'outlive', amount: 0, pause: 0, lease, end: 'release' },
  });
  const program: Program = {
    partitions: 1,
    clients: [{ name: 'c0', mayDie: false, actions: [section(0, LONG_LEASE)] }],
  };
  const { violations } = await simulateLocks({ seed: 1, program, plan: { incidents: [] } });
  t.true(violations.some((text) => text.startsWith('stuck: ')));
  t.true(violations.some((text) => text.startsWith('P22: vault v0 is locked for nobody')));
});

test('a call that is both carried out and refused, or neither, or refused without a cycle, is told', (t) => {
  const relays = [{ do: 'relay', id: 'relay-0', path: ['v0', 'v1'] }] as const;
  const section = { instanceId: 'section-0', script: { keys: ['v0', 'v1'] } } as unknown as SectionAction;
  const told = (...log: readonly string[]): readonly string[] => {
    const violations: string[] = [];
    checkRelays({ relays, sections: [section] }, log, (text) => void violations.push(text));
    return violations;
  };
  const refused = 'relay-0/1 refused e.vault.v1 o.section-0 e.vault.v0 e.vault.v1';
  t.deepEqual(told('relay-0/0', 'relay-0/1'), []);
  t.deepEqual(told(refused), []);
  t.deepEqual(told(refused, 'relay-0/0'), ['relay-0 was carried out so: 1 refused, 0']);
  t.deepEqual(told('relay-0/1'), ['relay-0 was carried out so: 1']);
  t.deepEqual(told('relay-0/0', 'relay-0/1', 'relay-0/0'), ['relay-0 was carried out so: 1, 0, 0']);
  t.deepEqual(told(), ['relay-0 was not begun']);
  t.deepEqual(told('relay-0/1 refused e.vault.v1 e.vault.v0 e.vault.v1'), [
    'relay-0 was told e.vault.v1 e.vault.v0 e.vault.v1, which is no cycle',
  ]);
});
