import type { EntityId } from '../core/history.js';
import { lockLost, transactionLost } from '../core/lock-failure.js';
import type { FailureDetails } from '../errors.js';
import { entityAddress } from '../wire/addresses.js';
import type { EntityLocks as Stored, LockChange, LockEnd, LockHeld } from '../wire/locks.js';
import type {
  Address,
  Addressed,
  Caller,
  LockCancel,
  LockRelease,
  LockRequest,
  OperationMessage,
  ResultMessage,
} from '../wire/messages.js';
import type { BreakLock, ExpireLock, InputBody, RefuseCall, StepOutput } from './activation.js';
import { refusal } from './orchestration-inputs.js';

/** An entity that was not told how a transaction ends asks again after so many milliseconds. */
const ASK_AGAIN = 60_000;

/** The highest of the fencing numbers that entities of a partition have given of which nothing is stored any more. */
export interface ForgottenFences {
  readonly lastFence: number;
}

/** Who has the lock, and of whom an end is still to come. */
interface Standing {
  readonly held: LockHeld | undefined;
  readonly lost: readonly Caller[];
  readonly voided: readonly Caller[];
}

/** What concerns the lock of an entity. */
type LockInput = LockRequest | LockCancel | LockRelease | ExpireLock | BreakLock | RefuseCall;

/** What a step of an entity brings that concerns its locks alone. */
type LockOutput = StepOutput & { readonly entry: { readonly lock?: LockChange; readonly refused?: string } };

/**
 * The locks of one entity (P22). A lock is named by its holder — an instance, its execution and the number of its request —
 * and the fencing number that the entity gave: what names another one is refused, or ignored.
 *
 * K1. Of one request exactly one end comes: its release, or its cancellation, which follows it from entity to entity. So what
 *     is remembered of either is forgotten when the other comes.
 * K2. Requests wait in the mailbox, and have their turn there as any message: that makes the queue fair.
 * K3. What the holder sends stands before all that waits for the lock, in its own order.
 * K4. What is given up while it waits is noted (`voided`), and passed over when its turn comes: requests, and calls that close a
 *     circle while they are parked (P18).
 * K5. The lock of a transaction ends by what its orchestration decides, and by nothing else: when its time is over the
 *     entity asks (P23).
 */
export class EntityLocks {
  readonly #entity: EntityId;
  /** The last number that was given; 0: none was since nothing is stored of the entity. */
  #fence: number;
  /** The last one before that, as far as the partition does not know it yet. */
  #forgotten = 0;
  readonly #before: ForgottenFences;
  #standing: Standing;

  constructor(
    entity: EntityId,
    { fence, held, lost = none, voided = none }: Stored = { fence: 0 },
    before: ForgottenFences = { lastFence: 0 },
  ) {
    this.#entity = entity;
    this.#fence = fence;
    this.#before = before;
    this.#standing = held || lost.length > 0 || voided.length > 0 ? { held, lost, voided } : free;
  }

  /** As a head has them; undefined: it was never locked. */
  get stored(): Stored | undefined {
    const { held, lost, voided } = this.#standing;
    if (this.#fence === 0 && voided.length === 0) return undefined;
    return {
      fence: this.#fence,
      ...(held && { held }),
      ...(lost.length > 0 && { lost }),
      ...(voided.length > 0 && { voided }),
    };
  }

  get held(): LockHeld | undefined {
    return this.#standing.held;
  }

  /** The last fencing number; undefined: none was given since nothing is stored of the entity. */
  get lastFence(): number | undefined {
    return this.#fence === 0 ? undefined : this.#fence;
  }

  /** Whether a change leaves nothing but the last number: nobody has the lock, and no end of a request is still to come. */
  isFreeAfter(change: LockChange | undefined): boolean {
    const { held, lost, voided } = change ? this.#after(change) : this.#standing;
    return !held && lost.length === 0 && voided.length === 0;
  }

  /** Nothing of the entity is stored any more. The partition knows its last number; the next one is above it. */
  forget(): void {
    this.#forgotten = Math.max(this.#forgotten, this.#fence);
    this.#fence = 0;
    this.#standing = free;
  }

  /**
   * What takes nothing of others before an operation of this entity has ended: if that is of the holder, the others that the
   * critical section locks, and the holder.
   */
  waitsFor({ lock }: OperationMessage): readonly Address[] {
    const { holder, others } = (lock && this.held) ?? {};
    return holder && others ? [...others, holder.address] : none;
  }

  /** Whether an input waits until the entity is not locked any more. */
  shutsOut(input: InputBody): boolean {
    if (!this.held) return false;
    if (input.kind === 'operation') return !input.lock;
    return input.kind === 'lockRequest' || input.kind === 'read';
  }

  /** Whether something of a holder is of the one who has the lock now, and under its number. */
  isCurrent(input: InputBody): boolean {
    if (input.kind === 'lockRelease') return this.#isOf(input.holder, input.fence);
    if (input.kind !== 'operation' || !input.lock || !input.caller) return false;
    return this.#isOf({ ...input.caller, taskId: input.lock.id }, input.lock.fence);
  }

  #isOf(holder: Caller, fence: number): boolean {
    return this.held !== undefined && isSameCall(this.held.holder, holder) && this.held.fence === fence;
  }

  /** Why an operation is not carried out; undefined: it may be. */
  refusalOf(operation: OperationMessage): FailureDetails | undefined {
    return operation.lock && !this.isCurrent(operation) ? lockLost(this.#entity, undefined) : undefined;
  }

  /** What concerns the lock; when it ends by that and commits a transaction, `messages` are sent: what its operations have. */
  step(input: LockInput, now: number, messages: readonly Addressed[]): LockOutput {
    switch (input.kind) {
      case 'lockRequest':
        return this.#request(input, now);
      case 'lockCancel':
        return this.#cancel(input);
      case 'lockRelease':
        return this.#release(input, messages);
      case 'expireLock':
        return this.#expire(now);
      case 'breakLock':
        return this.#break(input.fence);
      case 'refuseCall':
        return this.#refuseCall(input);
    }
  }

  #request(message: LockRequest, now: number): LockOutput {
    const { holder, lease, entities, transaction } = message;
    if (this.#isVoided(holder)) return { entry: { lock: settled(holder) }, messages: [] };
    const fence = (this.lastFence ?? Math.max(this.#forgotten, this.#before.lastFence)) + 1;
    const own = entityAddress(this.#entity);
    const others = entities.filter((entity) => entity !== own);
    const beside = { ...(others.length > 0 && { others }), ...(transaction && { transaction }) };
    const held = { holder, fence, since: now, until: now + lease, ...beside };
    const lock = { type: 'acquired', ...held } as const;
    return { entry: { lock }, messages: [onward(message, fence)] };
  }

  /**
   * A request is given up, wherever it is: the lock ends here, or the request waits here. If neither is so, it was here and
   * has lost the lock.
   */
  #cancel(message: LockCancel): LockOutput {
    const { holder, entities, at } = message;
    const next = entities[at + 1];
    const messages: readonly Addressed[] = next === undefined ? [] : [[next, { ...message, at: at + 1 }]];
    if (this.held && isSameCall(this.held.holder, holder))
      return { entry: { lock: { type: 'ended', why: 'canceled' } }, messages };
    if (this.#hasLost(holder)) return { entry: { lock: settled(holder) }, messages };
    return { entry: { lock: { type: 'voided', holder } }, messages: [] };
  }

  /** A call that is parked is refused. */
  #refuseCall({ caller, failure }: RefuseCall): LockOutput {
    if (this.#isVoided(caller)) return refusal('This call has been refused');
    const { address, executionId, taskId } = caller;
    const told = { kind: 'result', of: 'operation', executionId, taskId, failure } as const;
    return { entry: { lock: { type: 'voided', holder: caller } }, messages: [[address, told]] };
  }

  /** The step of a call that was refused while it was parked; undefined: it was not. */
  passed({ caller }: OperationMessage): LockOutput | undefined {
    return caller && this.#isVoided(caller) ? { entry: { lock: settled(caller) }, messages: [] } : undefined;
  }

  #isVoided(caller: Caller): boolean {
    return this.#standing.voided.some((other) => isSameCall(other, caller));
  }

  /** It ends; when that commits a transaction, `messages` are sent: what its operations have. */
  #release({ holder, fence, commit, unknown }: LockRelease, messages: readonly Addressed[]): LockOutput {
    if (this.#isOf(holder, fence)) {
      if (commit) return { entry: { lock: { type: 'ended', why: 'committed' } }, messages };
      return { entry: { lock: { type: 'ended', why: unknown ? 'unknown' : 'released' } }, messages: [] };
    }
    if (!unknown && this.#hasLost(holder)) return { entry: { lock: settled(holder) }, messages: [] };
    return refusal('This lock is not current');
  }

  #hasLost(holder: Caller): boolean {
    return this.#standing.lost.some((other) => isSameCall(other, holder));
  }

  /** Its time is over. */
  #expire(now: number): LockOutput {
    const { held } = this;
    if (!held || held.until > now) return refusal('No lease has run out');
    return held.transaction ? this.#ask(held, 'expired', now + ASK_AGAIN) : this.#end(held, 'expired');
  }

  /** An operator does not want to wait for that. */
  #break(fence: number): LockOutput {
    const { held } = this;
    if (held?.fence !== fence) return refusal('It is not locked');
    return held.transaction ? this.#ask(held, 'broken', held.until) : this.#end(held, 'broken');
  }

  /** It waits no longer, and goes on waiting until it is told. */
  #ask({ holder, fence }: LockHeld, why: 'expired' | 'broken', until: number): LockOutput {
    const from = { entity: entityAddress(this.#entity), fence };
    const asked = { ...resultOf(holder, transactionLost(this.#entity, why)), from };
    return { entry: { lock: { type: 'asked', until } }, messages: [[holder.address, asked]] };
  }

  #end({ holder }: LockHeld, why: 'expired' | 'broken'): LockOutput {
    const told = resultOf(holder, lockLost(this.#entity, why));
    return { entry: { lock: { type: 'ended', why } }, messages: [[holder.address, told]] };
  }

  /** Takes a step's entry in. */
  apply(change: LockChange): void {
    if (change.type === 'acquired') this.#fence = change.fence;
    this.#standing = this.#after(change);
  }

  #after(change: LockChange): Standing {
    const { held, lost, voided } = this.#standing;
    switch (change.type) {
      case 'acquired': {
        const { type: _, ...acquired } = change;
        return { held: acquired, lost, voided };
      }
      case 'ended':
        return { held: undefined, lost: held && isRemembered(change.why) ? [...lost, held.holder] : lost, voided };
      case 'asked':
        return { held: held && { ...held, until: change.until }, lost, voided };
      case 'voided':
        return { held, lost, voided: [...voided, change.holder] };
      case 'settled':
        return { held, lost: without(lost, change.holder), voided: without(voided, change.holder) };
    }
  }
}

/** Whether the end of the request is still to come: the lock has ended for another reason. */
function isRemembered(why: LockEnd): boolean {
  return why === 'expired' || why === 'broken' || why === 'unknown';
}

/** Whether an input does not wait behind others' messages: it is of whoever has the lock, or had it (K3). */
export function overtakes(body: InputBody): boolean {
  return body.kind === 'lockRelease' || (body.kind === 'operation' && body.lock !== undefined);
}

/** The request goes on to the next entity; behind the last one its holder is told. */
function onward(message: LockRequest, fence: number): Addressed {
  const { holder, entities } = message;
  const fences = [...message.fences, fence];
  const next = entities[fences.length];
  if (next !== undefined) return [next, { ...message, fences }];
  const { address, executionId, taskId } = holder;
  return [address, { kind: 'result', of: 'lock', executionId, taskId, fences }];
}

/** What tells the holder of a lock that it is lost. */
function resultOf({ executionId, taskId }: Caller, failure: FailureDetails): ResultMessage {
  return { kind: 'result', of: 'lock', executionId, taskId, failure };
}

function settled(holder: Caller): LockChange {
  return { type: 'settled', holder };
}

/** Whether two are the same call, or the same critical section. */
export function isSameCall(a: Caller, b: Caller): boolean {
  return a.address === b.address && a.executionId === b.executionId && a.taskId === b.taskId;
}

function without(holders: readonly Caller[], holder: Caller): readonly Caller[] {
  const others = holders.filter((other) => !isSameCall(other, holder));
  return others.length === 0 ? none : others;
}

const none: readonly never[] = [];
const free: Standing = { held: undefined, lost: none, voided: none };
