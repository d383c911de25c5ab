import type { SeededRandom } from '../../lib/memory/random.js';
import { CALM } from './chaos.js';
import { JARS, type JarAction } from './jar-script.js';
import { WORKERS } from './processes.js';
import type { ClientAction, Deployment, Program } from './script.js';
import { LONG_TIMEOUT, PURSES, TRADE, type TradeAction, type TradeScript } from './transaction-script.js';

/** Draws a program of transactions over the same purses. */
export function generateTransactions(random: SeededRandom): Program {
  const partitions = 1 + random.below(3);
  const clients: ClientAction[][] = [[], []];
  const trades = 3 + random.below(8);
  for (let at = 0; at < trades; at++) {
    const actions = clients[random.below(2)]!;
    actions.push(trade(random, at));
    if (random.next() < 0.3) actions.push({ do: 'mark', key: pick(random, PURSES), id: `mark/${at}` });
    if (random.next() < 0.6)
      actions.push({ do: 'peek', keys: peeked(random), id: `peek/${at}`, await: random.next() < 0.5 });
    if (random.next() < 0.3) actions.push({ do: 'pause', milliseconds: random.below(1_000) });
  }
  for (const [at, actions] of clients.entries()) fillJars(random, actions, `c${at}`);
  return {
    partitions,
    deployment: random.next() < 0.6 ? deployed(random, partitions) : undefined,
    clients: clients.map((actions, at) => ({ name: `c${at}`, mayDie: false, actions })),
  };
}

/** Most is over soon: so are most deployments, but for one worker that is the last to be replaced. */
function deployed(random: SeededRandom, partitions: number): Deployment {
  const last = random.below(WORKERS.length);
  const moves = Array.from({ length: random.below(12) }, () => ({
    at: random.below(6_000),
    worker: pick(random, WORKERS),
    partition: random.below(partitions),
  }));
  return {
    replaced: Object.fromEntries(WORKERS.map((name, at) => [name, random.below(at === last ? CALM : 600)])),
    moves,
  };
}

/** What a client does with jars, between all that it does anyhow. */
function fillJars(random: SeededRandom, actions: ClientAction[], client: string): void {
  for (let number = random.below(10); number > 0; number--) {
    const [jar, id] = [pick(random, JARS), `${client}/${number}`];
    const kind = pick(random, ['put', 'put', 'put', 'spill', 'discard', 'discard'] as const);
    const action: JarAction =
      kind === 'discard'
        ? { do: 'discard', jar }
        : { do: 'put', jar, id, ...(kind === 'spill' && { isRefused: true as const }) };
    const pause: ClientAction[] = random.next() < 0.4 ? [{ do: 'pause', milliseconds: random.below(1_500) }] : [];
    actions.splice(random.below(actions.length + 1), 0, { do: 'jar', action }, ...pause);
  }
}

/** Whether a program is of this family. */
export function hasTransactions({ clients }: Program): boolean {
  return clients.some(({ actions }) => actions.some((action) => action.do === 'trade'));
}

function trade(random: SeededRandom, at: number): TradeAction {
  const instanceId = `${TRADE}${at}`;
  const kind = pick(random, ['transfer', 'transfer', 'even', 'even', 'audit', 'outlive'] as const);
  const isShort = kind === 'outlive' || random.next() < 0.15;
  const script: TradeScript = {
    token: `${instanceId}/0`,
    keys: kind === 'audit' ? PURSES : shuffled(random).slice(0, 2),
    kind,
    amount: 1 + random.below(10),
    pause: random.below(3) * random.below(600),
    timeout: isShort ? 200 + random.below(2_000) : LONG_TIMEOUT,
    end: kind === 'outlive' ? 'return' : pick(random, ['return', 'return', 'return', 'throw', 'refuse'] as const),
    after: pick(random, ['done', 'done', 'done', 'fail', 'continue'] as const),
    ...(random.next() < 0.3 && { isSlow: true as const }),
  };
  const by =
    random.next() < 0.4 ? { by: { how: pick(random, endings), after: random.below(2) * random.below(1_500) } } : {};
  return { do: 'trade', instanceId, script, ...by, ...(random.next() < 0.3 && { await: true }) };
}

const endings = ['terminate', 'terminate', 'cancel', 'replace', 'break'] as const;

function peeked(random: SeededRandom): string[] {
  return Array.from({ length: 1 + random.below(4) }, () => shuffled(random)).flat();
}

function shuffled(random: SeededRandom): string[] {
  const left = [...PURSES];
  return PURSES.map(() => left.splice(random.below(left.length), 1)[0]!);
}

function pick<T>(random: SeededRandom, items: readonly T[]): T {
  return items[random.below(items.length)]!;
}
