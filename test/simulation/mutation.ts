import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { Order, Verdict } from './mutant-worker.js';

/** A mutant that says nothing for so many milliseconds of real time hangs: that kills it, too. */
const PATIENCE = 120_000;

/** Runs each mutant on its seeds, in as many processes as there are processors; `told` hears of each verdict. */
export async function runMutants(orders: readonly Order[], told: (verdict: Verdict) => void): Promise<void> {
  const waiting = [...orders];
  const worker = async (): Promise<void> => {
    let child: ChildProcess | undefined;
    try {
      for (let order = waiting.shift(); order; order = waiting.shift()) {
        child ??= fork(new URL('./mutant-worker.js', import.meta.url), {
          stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        });
        const verdict = await ask(child, order);
        if (verdict.violation?.startsWith(DEAD)) child = undefined;
        told(verdict);
      }
    } finally {
      child?.kill();
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), orders.length) }, worker));
}

const DEAD = 'the process';

function ask(child: ChildProcess, order: Order): Promise<Verdict> {
  return new Promise((resolve) => {
    let errors = '';
    const onError = (chunk: Buffer): void => void (errors += chunk.toString());
    const end = (verdict: Verdict): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      child.stderr?.off('data', onError);
      resolve(verdict);
    };
    const dead = (how: string): void =>
      end({
        mutant: order.mutant,
        seed: order.seeds[0]!,
        violation: `${DEAD} ${how}`,
      });
    const timer = setTimeout(() => {
      dead('hangs');
      child.kill('SIGKILL');
    }, PATIENCE);
    child.stderr?.on('data', onError);
    child.once('message', (verdict) => end(verdict as Verdict));
    child.once('exit', () => dead(`died: ${errors.slice(0, 400)}`));
    child.send(order);
  });
}
