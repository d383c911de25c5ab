import type { Json } from '../../lib/core/values.js';
import type { EntityLocks, LockChange } from '../../lib/wire/locks.js';
import type { Caller } from '../../lib/wire/messages.js';
import type { StepEntry } from '../../lib/wire/record.js';
import type { Violation } from './instance-watch.js';
import { instanceOf } from './lock-script.js';

/** The highest of the fencing numbers of entities of a partition of which nothing was left. */
export interface ForgottenFences {
  last: number;
}

/** Follows the locks of an entity through the records of its log (P22). */
export class LockWatch {
  #locks: EntityLocks | undefined;
  /** The highest number that it ever gave. */
  #highest = 0;
  readonly #forgotten: ForgottenFences;
  readonly #wrong: Violation;

  constructor(violation: Violation, forgotten: ForgottenFences) {
    this.#forgotten = forgotten;
    this.#wrong = (text) => violation(`P22: ${text}`);
  }

  /** As a head has to have them. */
  get locks(): EntityLocks | undefined {
    return this.#locks;
  }

  /** What is left of locks: nothing, once every instance has ended. */
  get remains(): readonly Caller[] {
    const { held, lost = [], voided = [] } = this.#locks ?? {};
    return [...(held ? [held.holder] : []), ...lost, ...voided];
  }

  apply({ lock, purged, lastFence }: StepEntry, state: Json | undefined, hasChanged: boolean): void {
    const holder = this.#locks?.held?.holder;
    const by = (state as { readonly log?: readonly string[] } | undefined)?.log?.at(-1);
    if (
      hasChanged &&
      holder &&
      !this.#locks?.held?.transaction &&
      by !== undefined &&
      `o.${instanceOf(by)}` !== holder.address
    )
      this.#wrong(`it took "${by}" while it was locked by ${holder.address}`);
    if (lock) this.#change(lock);
    if (purged) this.#forget(lastFence);
  }

  /** Nothing of it is left: its partition is told the last number, and nobody has its lock or is to say that he has not. */
  #forget(lastFence = 0): void {
    const { fence } = this.#locks ?? { fence: 0 };
    if (this.remains.length > 0) this.#wrong(`nothing is left of it, and of its locks ${JSON.stringify(this.#locks)}`);
    if (lastFence !== fence) this.#wrong(`its last fencing number was ${fence}, and ${lastFence} is told`);
    this.#forgotten.last = Math.max(this.#forgotten.last, fence);
    this.#locks = undefined;
  }

  /** One above the last; where none is known any more, above all that it gave. */
  #isNext(next: number, fence: number): boolean {
    return fence > 0 ? next === fence + 1 : next > this.#highest && next <= this.#forgotten.last + 1;
  }

  #change(lock: LockChange): void {
    const { fence, held, lost = [], voided = [] } = this.#locks ?? { fence: 0 };
    switch (lock.type) {
      case 'acquired': {
        const { type: _, ...now } = lock;
        if (held) this.#wrong(`it was locked by ${now.holder.address} while it was by ${held.holder.address}`);
        if (!this.#isNext(now.fence, fence)) this.#wrong(`its fencing number ${now.fence} follows ${fence}`);
        this.#highest = now.fence;
        return this.#are({ fence: now.fence, held: now, lost, voided });
      }
      case 'ended': {
        if (!held) return this.#wrong(`a lock ended that was ${lock.why}, and there was none`);
        const isLost = ['expired', 'broken', 'unknown'].includes(lock.why);
        return this.#are({ fence, lost: isLost ? [...lost, held.holder] : lost, voided });
      }
      case 'asked':
        return held && this.#are({ fence, held: { ...held, until: lock.until }, lost, voided });
      case 'voided':
        return this.#are({ fence, ...(held && { held }), lost, voided: [...voided, lock.holder] });
      case 'settled': {
        const others = (holders: readonly Caller[]) => holders.filter((one) => !isSame(one, lock.holder));
        if (others(lost).length + others(voided).length + 1 !== lost.length + voided.length)
          this.#wrong(`${JSON.stringify(lock.holder)} was settled, and nothing was known of it`);
        return this.#are({ fence, ...(held && { held }), lost: others(lost), voided: others(voided) });
      }
    }
  }

  #are({ fence, held, lost = [], voided = [] }: EntityLocks): void {
    if (fence === 0 && voided.length === 0) return void (this.#locks = undefined); // it was never locked
    this.#locks = {
      fence,
      ...(held && { held }),
      ...(lost.length > 0 && { lost }),
      ...(voided.length > 0 && { voided }),
    };
  }
}

function isSame(a: Caller, b: Caller): boolean {
  return a.address === b.address && a.executionId === b.executionId && a.taskId === b.taskId;
}
