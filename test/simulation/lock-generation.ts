import type { SeededRandom } from '../../lib/memory/random.js';
import { LONG_LEASE, SECTION, VAULTS, type SectionAction, type SectionScript } from './lock-script.js';
import type { ClientAction, Program } from './script.js';

/** Draws a program of critical sections that want the same vaults. */
export function generateLocks(random: SeededRandom): Program {
  const partitions = 1 + random.below(3);
  const clients: ClientAction[][] = [[], []];
  const sections = 3 + random.below(8);
  for (let at = 0; at < sections; at++) {
    const actions = clients[random.below(2)]!;
    actions.push(section(random, at));
    if (random.next() < 0.4) actions.push({ do: 'poke', key: pick(random, VAULTS), id: `poke/${at}` });
    if (random.next() < 0.3) actions.push({ do: 'pause', milliseconds: random.below(1_000) });
  }
  if (random.next() < 0.5) relays(random, clients);
  return {
    partitions,
    clients: clients.map((actions, at) => ({ name: `c${at}`, mayDie: false, actions })),
  };
}

/** Whether a program is of this family. */
export function hasLocks({ clients }: Program): boolean {
  return clients.some(({ actions }) => actions.some((action) => action.do === 'section'));
}

/** Vaults that call each other, among the sections and by them: circles come of that, also with locks. */
function relays(random: SeededRandom, clients: ClientAction[][]): void {
  for (const actions of clients)
    for (const [at, action] of actions.entries())
      if (action.do === 'section' && action.script.kind === 'visit' && random.next() < 0.4) {
        const relay = [pick(random, action.script.keys), ...shuffled(random).slice(0, 1 + random.below(2))];
        actions[at] = { ...action, script: { ...action.script, relay } };
      }
  const count = 2 + random.below(6);
  for (let at = 0; at < count; at++) {
    const actions = clients[random.below(2)]!;
    const path = shuffled(random).slice(0, 2 + random.below(3));
    actions.splice(random.below(actions.length + 1), 0, { do: 'relay', id: `relay-${at}`, path });
  }
}

function section(random: SeededRandom, at: number): SectionAction {
  const instanceId = `${SECTION}${at}`;
  const kind = pick(random, ['transfer', 'transfer', 'visit', 'visit', 'visit', 'outlive'] as const);
  const keys = shuffled(random).slice(0, kind === 'transfer' ? 2 : 1 + random.below(3));
  const isShort = kind === 'outlive' || (kind === 'visit' && random.next() < 0.2);
  const script: SectionScript = {
    token: `${instanceId}/0`,
    keys,
    kind,
    amount: 1 + random.below(10),
    pause: random.below(3) * random.below(600),
    lease: isShort ? 200 + random.below(2_000) : LONG_LEASE,
    end: pick(random, ['release', 'release', 'complete', 'fail', 'continue'] as const),
    ...(random.next() < 0.4 && { isSlow: true as const }),
  };
  const hows = kind === 'outlive' ? (['terminate', 'break'] as const) : endings;
  const isEnded = kind !== 'transfer' && random.next() < 0.6;
  const by = isEnded ? { by: { how: pick(random, hows), after: random.below(2) * random.below(1_500) } } : {};
  return { do: 'section', instanceId, script, ...by, ...(random.next() < 0.2 && { await: true }) };
}

const endings = ['terminate', 'terminate', 'cancel', 'replace', 'break'] as const;

function shuffled(random: SeededRandom): string[] {
  const left = [...VAULTS];
  return VAULTS.map(() => left.splice(random.below(left.length), 1)[0]!);
}

function pick<T>(random: SeededRandom, items: readonly T[]): T {
  return items[random.below(items.length)]!;
}
