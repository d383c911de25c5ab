import type { ExecutionContext } from 'ava';
import type { Host } from '../../lib/engine/host.js';
import { KillAt, type LastCall } from '../engine/kill-at.js';
import { Surroundings } from './surroundings.js';

/** A hub whose worker dies at one of its calls. */
export interface Mortal {
  readonly around: Surroundings;
  /** When it dies, for what is told of what is wrong. */
  readonly what: string;
  /** What became of something that was begun: after a second another worker takes over. */
  readonly outlived: <T>(begun: Promise<T>) => Promise<T>;
}

/** The ways in which the last call of a worker ends. */
export const lastCalls: readonly LastCall[] = ['requestLost', 'responseLost'];

/** Runs something at hubs whose workers die at their first call, their second, and so on until one does not die any more. */
export async function everyDeath(
  t: ExecutionContext,
  fault: LastCall,
  host: () => Host,
  run: (mortal: Mortal) => Promise<void>,
): Promise<void> {
  t.timeout(600_000);
  let n = 1;
  while ((await callsOver(n, fault, host, run)) >= n) n++;
  t.log(`${n} calls`);
  t.true(n > 20);
}

/** How many calls the worker has made that was to die at the nth. */
async function callsOver(
  n: number,
  fault: LastCall,
  host: () => Host,
  run: (mortal: Mortal) => Promise<void>,
): Promise<number> {
  const plan = new KillAt(n, fault);
  const around = new Surroundings({ seed: n, faults: plan });
  const victim = around.begin('victim', host());
  plan.onKill = () => victim.connection.kill();
  await around.advance(20);
  const outlived = async <T>(begun: Promise<T>): Promise<T> => {
    await around.advance(1_000);
    await around.work('successor', host());
    return around.settle(begun);
  };
  await run({ around, what: `killed at call ${n} (${fault})`, outlived });
  return plan.calls;
}
