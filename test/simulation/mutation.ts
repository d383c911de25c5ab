import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { Order, Progress, Verdict } from './mutant-worker.js';

/** A seed that takes longer, in milliseconds of real time, hangs: that kills its mutant, too. */
const PATIENCE = 120_000;
/** Each mutant is a library of its own, which its process keeps for ever: after so many the next process begins. */
const MUTANTS_OF_A_PROCESS = 16;

/** Runs each mutant on its seeds, in as many processes as there are processors; `told` hears of each verdict. */
export async function runMutants(orders: readonly Order[], told: (verdict: Verdict) => void): Promise<void> {
  const waiting = [...orders];
  const worker = async (): Promise<void> => {
    let child: ChildProcess | undefined;
    let asked = 0;
    try {
      for (let order = waiting.shift(); order; order = waiting.shift()) {
        if (asked++ % MUTANTS_OF_A_PROCESS === 0) {
          child?.kill();
          child = undefined;
        }
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
    let seed = order.seeds[0]!;
    const end = (verdict: Verdict): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      child.stderr?.off('data', onError);
      resolve(verdict);
    };
    const dead = (how: string): void =>
      end({
        mutant: order.mutant,
        seed,
        violation: `${DEAD} ${how}`,
      });
    const hangs = (): void => {
      dead('hangs');
      child.kill('SIGKILL');
    };
    let timer = setTimeout(hangs, PATIENCE);
    child.stderr?.on('data', onError);
    child.on('message', (message: Progress) => {
      if ('verdict' in message) return end(message.verdict);
      seed = message.begun;
      clearTimeout(timer);
      timer = setTimeout(hangs, PATIENCE);
    });
    child.once('exit', () => dead(`died: ${errors.slice(0, 400)}`));
    child.send(order);
  });
}
