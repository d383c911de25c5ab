import { setTimeout as delay } from 'node:timers/promises';
import { interceptWrites, type Answered, type Write } from './intercepted-ports.js';
import type { HubPorts } from '../../lib/engine/ports.js';

/** Before the write is sent; when it is on its way; or when its answer has come and nobody has seen it yet. */
export type Moment = 'before' | 'sent' | 'answered';

/** The hub's ports, killing this process with -9 at the n-th write or word to the server, counted from 1. */
export function dyingAt(ports: HubPorts, n: number, moment: Moment): HubPorts {
  let writes = 0;
  return interceptWrites(ports, async <T>(write: Write<T>): Promise<T> => {
    if (++writes !== n) return write();
    if (moment === 'before') die();
    const answer = write();
    // The client library sends in a later turn of the event loop.
    if (moment === 'sent') setTimeout(die, 1);
    await answer;
    return die();
  });
}

/**
 * How the n-th write fails: it never arrives, or it is carried out and its answer gets lost. What a port tries until it is
 * answered arrives late, or is carried out a second time.
 */
export type Failure = 'lost' | 'unanswered';

/** So late, in milliseconds. */
const LATE = 300;

/** Ports, and how many writes went through them so far. */
export interface FailingPorts {
  readonly ports: HubPorts;
  readonly writes: number;
}

/** The hub's ports, whose n-th write fails. */
export function failingAt(ports: HubPorts, n: number, failure: Failure): FailingPorts {
  let writes = 0;
  const failing = interceptWrites(ports, async <T>(write: Write<T>, answered: Answered<T>): Promise<T> => {
    if (++writes !== n) return write();
    const first = failure === 'unanswered' ? await write() : undefined;
    if (typeof answered === 'object') return answered.unknown;
    if (answered === 'nothing') return first as T;
    if (failure === 'lost') await delay(LATE);
    return write();
  });
  return {
    ports: failing,
    get writes() {
      return writes;
    },
  };
}

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('Not dead yet.');
}
