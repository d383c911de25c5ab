import type { TaskHubClient } from '../../lib/client/task-hub-client.js';
import { runHolder } from './lock-clients.js';
import type { PeekAction, TradeAction } from './transaction-script.js';

/** What a client saw of one purse, or of one transaction; times in virtual milliseconds. */
export interface SeenTrades {
  /** By instance: when it was started, and when its end was told. */
  readonly trades: Map<string, { readonly called: number; returned: number }>;
  readonly peeks: SeenPeek[];
}

export interface SeenPeek {
  readonly id: string;
  readonly key: string;
  readonly called: number;
  readonly returned: number;
  readonly version: number;
}

/** What a client does with a transaction; `pause` waits as its process does. */
export async function runTrade(
  client: TaskHubClient,
  action: TradeAction,
  { trades }: SeenTrades,
  pause: (milliseconds: number) => Promise<void>,
  now: () => number,
): Promise<void> {
  const times = { called: now(), returned: Infinity };
  trades.set(action.instanceId, times);
  if (await runHolder(client, { orchestrator: 'trade', entity: 'purse' }, action, pause)) times.returned = now();
}

/** Looks at purses, one after the other. */
export async function peek(
  client: TaskHubClient,
  { keys, id }: PeekAction,
  { peeks }: SeenTrades,
  now: () => number,
): Promise<void> {
  for (const [at, key] of keys.entries()) {
    const called = now();
    const { entityState, source } = await client.readEntityState<{ log: string[] }>('purse', key);
    if (source === 'owner')
      peeks.push({ id: `${id}/${at}`, key, called, returned: now(), version: entityState?.log.length ?? 0 });
  }
}
