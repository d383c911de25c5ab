import { isEntityAddress } from '../wire/addresses.js';
import type { Address, Caller } from '../wire/messages.js';
import type { CircleLink } from '../wire/queries.js';
import type { InputBody } from './activation.js';
import { EntityActivation } from './entity-activation.js';
import { isSameCall } from './entity-locks.js';
import type { Input, Instance } from './instance.js';
import type { OperationJournal } from './operation-journal.js';

/** A link of a circle: what an entity waits for, and where that may wait itself. */
export interface Wait {
  /** A call that the operation of the entity has made and that is not answered; or the critical section that has locked it. */
  readonly call: CircleLink;
  /** The entity that is called; or what the section locks beside: its request waits for one of them, or it has called them. */
  readonly to: readonly Address[];
}

/** What an entity waits for before it takes others' calls, also when another worker runs its operation. */
export function waitsOf(instance: Instance): readonly Wait[] {
  const { activation, address, running } = instance;
  if (!(activation instanceof EntityActivation)) return none;
  const { holder, others } = activation.lockHeld ?? {};
  const lock = holder && others ? [{ call: { ...holder, locked: address }, to: others }] : none;
  const journal = running && journalOf(instance, running);
  if (!journal) return lock;
  const { id: executionId, open } = journal;
  const calls = open.map((taskId) => ({ call: { address, executionId, taskId }, to: [journal.find(taskId)!.to] }));
  return [...calls, ...lock];
}

/** The calls that the operation of an input has made. */
export function journalOf({ activation }: Instance, { body }: Input): OperationJournal | undefined {
  if (!(activation instanceof EntityActivation) || activation.journals.isEmpty) return undefined;
  const message = activation.asOperation(body);
  return message && activation.journals.of(message);
}

/** Whether an entity waits for the answer to an input. */
export function isCallOfEntity(body: InputBody): boolean {
  return body.kind === 'operation' && body.caller !== undefined && isEntityAddress(body.caller.address);
}

/** Whether an input is that call, or of that critical section: its request, or an operation under its lock. */
export function isCallOf(body: InputBody, call: Caller): boolean {
  if (body.kind === 'lockRequest') return isSameCall(body.holder, call);
  if (body.kind !== 'operation' || !body.caller) return false;
  const { caller, lock } = body;
  return isSameCall(lock ? { ...caller, taskId: lock.id } : caller, call);
}

const none: readonly Wait[] = [];
