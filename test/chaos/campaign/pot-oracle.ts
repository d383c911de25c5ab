import type { TaskHubClient } from 'perdure';
import type { Accepted } from './accepted.js';
import type { Findings } from './oracles.js';
import { held, inParallel, isLocked } from './final-states.js';
import { purses } from './orders.js';
import { FULL, Pot, type Trade, type Traded } from './pots.js';
import { TradeHistory } from './trade-history.js';

/** Pots hold what the transactions that were committed say, and those stand in one order. */
export async function judgePots(
  { orchestrations }: Accepted,
  client: TaskHubClient,
  findings: Findings,
): Promise<void> {
  const history = new TradeHistory(purses);
  let hasUnended = false;
  for (const [id, { kind, input, output, beganAt, endedAt, isAccepted }] of orchestrations) {
    if (kind !== 'trade') continue;
    hasUnended ||= endedAt === undefined;
    if (endedAt === undefined || output === undefined) continue; // told already
    const [trade, traded] = [input as Trade, output as Traded];
    if (traded.isCommitted !== (trade.kind !== 'throw'))
      findings.wrong.push(`${id} was ${traded.isCommitted ? 'committed' : 'aborted'}`);
    history.traded(id, trade, traded, beganAt, isAccepted ? endedAt : Infinity); // else nobody was there when it ended
    findings.checked.transactions++;
  }
  findings.notLinear.push(...history.faults);
  if (hasUnended) return;
  await inParallel([...history.expected], async ([pot, expected]) => {
    const { version, balance } = (await held(client, Pot, pot)) ?? { version: 0, balance: FULL };
    if (version !== expected.version || balance !== expected.balance)
      findings.wrong.push(
        `pot ${pot} holds ${balance} after ${version} changes, not ${expected.balance} after ${expected.version}`,
      );
    if (await isLocked(client, Pot, pot)) findings.wrong.push(`pot ${pot} is locked for nobody`);
  });
}
