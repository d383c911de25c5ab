import { CallCycleError, type PerdureError } from '../errors.js';
import { isEntityAddress, partitionOf } from '../wire/addresses.js';
import type { Address, Caller } from '../wire/messages.js';
import type { Query } from '../wire/queries.js';
import { encodeText } from '../wire/text-encoding.js';
import type { InputBody } from './activation.js';
import { EntityActivation } from './entity-activation.js';
import type { Input, Instance } from './instance.js';
import type { Instances } from './instances.js';
import type { OperationJournal } from './operation-journal.js';
import type { Parking } from './parking.js';
import type { HubPorts } from './ports.js';

/** Calls that may wait for each other. */
export type Circle = Extract<Query, { kind: 'circle' }>;

/** In so long a circle nobody looks further. */
const LONGEST = 100;

/** A call that an operation has made and that is not answered. */
interface OpenCall {
  readonly call: Caller;
  readonly to: Address;
}

/**
 * Finds operations that wait for each other although none of them was called by another (P18); of those that were, the chain of each
 * call tells. When a call comes to an entity that waits itself, a look goes along the calls that it waits for. Each owner on its way
 * adds a call only while that call waits, so when the look comes back all of them wait: none can end before the next one does. The
 * call that closes the circle is then refused where it waits, so it is never carried out.
 *
 * What brings the look may lose it: then time limits end the operations.
 */
export class CallCycles {
  readonly #hub: HubPorts;
  readonly #instances: Instances;
  readonly #parking: Pick<Parking, 'holds'>;
  readonly #refuse: (instance: Instance, input: Input, error: PerdureError) => void;

  constructor(
    hub: HubPorts,
    instances: Instances,
    parking: Pick<Parking, 'holds'>,
    refuse: (instance: Instance, input: Input, error: PerdureError) => void,
  ) {
    this.#hub = hub;
    this.#instances = instances;
    this.#parking = parking;
    this.#refuse = refuse;
  }

  /** An input waits for an entity whose operation runs. */
  waits(instance: Instance, { body }: Input): void {
    if (callerOf(body)) this.#look(instance, []);
  }

  /** A look has come to an entity. */
  heard({ address, calls }: Circle): undefined {
    const instance = this.#instances.find(address);
    const [first, last] = [calls[0], calls.at(-1)];
    if (!instance || !first || !last) return;
    const isLast = ({ body }: Input): boolean => isSame(callerOf(body), last);
    if (first.address === address) return this.#close(instance, calls, [...instance.waiting.here].find(isLast));
    const isKnown = calls.length === LONGEST || calls.some((call) => call.address === address);
    const isWaiting = (instance.running && isLast(instance.running)) || [...instance.waiting.here].some(isLast);
    if (!isKnown && isWaiting) this.#look(instance, calls);
  }

  /** Goes on with what the operation of an entity waits for. */
  #look(instance: Instance, calls: readonly Caller[]): void {
    const { bus, subjects, partitions } = this.#hub;
    for (const { call, to } of openCallsOf(instance)) {
      const circle: Circle = { v: 1, kind: 'circle', address: to, calls: [...calls, call] };
      const { queries } = subjects.partition(partitionOf(to, partitions));
      bus.publish(queries, encodeText(JSON.stringify(circle)));
    }
  }

  /** The look has come back to where it began. */
  #close(instance: Instance, calls: readonly Caller[], input: Input | undefined): undefined {
    // What is parked is taken in its order, and what has called before its process died is carried out (P18).
    if (!input || this.#parking.holds(instance, input) || journalOf(instance, input)) return;
    if (!openCallsOf(instance).some(({ call }) => isSame(call, calls[0]!))) return;
    this.#instances.backlog.remove(instance, input);
    this.#refuse(instance, input, new CallCycleError([...calls.map(({ address }) => address), instance.address]));
    this.#instances.pump();
  }
}

/** The calls whose answers the operation of an entity waits for, also when another worker runs it. */
function openCallsOf(instance: Instance): readonly OpenCall[] {
  const { address, running } = instance;
  const journal = running && journalOf(instance, running);
  if (!journal) return none;
  const { id: executionId, open } = journal;
  return open.map((taskId) => ({ call: { address, executionId, taskId }, to: journal.find(taskId)!.to }));
}

/** The calls that the operation of an input has made. */
function journalOf({ activation }: Instance, { body }: Input): OperationJournal | undefined {
  if (!(activation instanceof EntityActivation) || activation.journals.isEmpty) return undefined;
  const message = activation.asOperation(body);
  return message && activation.journals.of(message);
}

/** The entity that waits for the answer to an input. */
function callerOf(body: InputBody): Caller | undefined {
  const caller = body.kind === 'operation' ? body.caller : undefined;
  return caller && isEntityAddress(caller.address) ? caller : undefined;
}

function isSame(a: Caller | undefined, b: Caller): boolean {
  return a?.address === b.address && a.executionId === b.executionId && a.taskId === b.taskId;
}

const none: readonly OpenCall[] = [];
