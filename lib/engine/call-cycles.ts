import { toFailureDetails } from '../core/failure.js';
import { CallCycleError, type PerdureError } from '../errors.js';
import { isEntityAddress, partitionOf } from '../wire/addresses.js';
import type { Caller } from '../wire/messages.js';
import type { CircleLink, Query } from '../wire/queries.js';
import { encodeText } from '../wire/text-encoding.js';
import { isCallOf, isCallOfEntity, journalOf, waitsOf } from './call-waits.js';
import { isSameCall } from './entity-locks.js';
import type { Input, Instance } from './instance.js';
import type { Instances } from './instances.js';
import type { Parking } from './parking.js';
import type { HubPorts } from './ports.js';
import { RepeatedLooks } from './repeated-looks.js';

/** Calls, and critical sections, that may wait for each other. */
export type Circle = Extract<Query, { kind: 'circle' }>;

/** In so long a circle nobody looks further. */
const LONGEST = 100;
/** So many looks wait at most until parked messages are read; further ones are lost. */
const MOST_SEARCHES = 100;

/** What looks for circles need of parking. */
export type ParkedCalls = Pick<Parking, 'holds' | 'recall'>;

/**
 * Finds operations that wait for each other although none of them was called by another (P18); of those that were, the chain of each
 * call tells. When a call comes to an entity that waits itself, a look goes along what it waits for: the calls of its operation, and
 * the critical section that has locked it, which waits for its request at the next entity, or for its operation at another one (P22).
 * Each owner on its way adds a link only while the link before waits, so when the look comes back all of them wait: none can end
 * before the next one does. The call that closes the circle is then refused where it waits.
 *
 * K1. A call that is refused is never carried out: it is taken out of the mailbox, or noted, when it is parked, as one to be passed over.
 * K2. A look may be lost, with what brings it or with an owner: it is repeated while a call waits.
 */
export class CallCycles {
  readonly #hub: HubPorts;
  readonly #instances: Instances;
  readonly #parking: ParkedCalls;
  readonly #refuse: (instance: Instance, input: Input, error: PerdureError) => void;
  readonly #repeated: RepeatedLooks;
  #searches = Promise.resolve();
  #searching = 0;
  #isStopped = false;

  constructor(
    hub: HubPorts,
    instances: Instances,
    parking: ParkedCalls,
    refuse: (instance: Instance, input: Input, error: PerdureError) => void,
  ) {
    this.#hub = hub;
    this.#instances = instances;
    this.#parking = parking;
    this.#refuse = refuse;
    this.#repeated = new RepeatedLooks(hub.clock, (instance) => this.#repeat(instance));
  }

  /** An input waits for an entity that runs an operation, or is locked. */
  waits(instance: Instance, { body }: Input): void {
    if (isCallOfEntity(body)) this.#repeated.add(instance);
    else if (body.kind !== 'lockRequest' || !instance.running) return;
    this.#look(instance, []);
  }

  /** Inputs wait for an instance that has begun an operation or is locked; it may be as a former owner left it. */
  stands(instance: Instance): void {
    if (waitsOf(instance).length > 0) this.#repeated.add(instance);
  }

  /** In each circle there is a call that waits: its owner looks. */
  #repeat(instance: Instance): void {
    const { missing, here } = instance.waiting;
    if (missing || [...here].some(({ body }) => isCallOfEntity(body))) this.#look(instance, []);
  }

  /** A look has come to an entity. */
  heard(circle: Circle): undefined {
    const instance = this.#instances.find(circle.address);
    const last = circle.calls.at(-1);
    if (!instance || !last || this.#instances.isHeld) return;
    const input = findHere(instance, last);
    if (input ?? runs(instance, last)) return this.#follow(instance, circle.calls, input);
    if (instance.waiting.missing && (instance.running ?? instance.activation?.lockHeld)) this.#search(instance, circle);
  }

  stop(): void {
    this.#isStopped = true;
    this.#repeated.stop();
  }

  /** The last link of a look waits for an entity. */
  #follow(instance: Instance, calls: readonly CircleLink[], input: Input | undefined): undefined {
    // Of what a critical section has locked, the look may have begun at another entity than this one.
    const back = calls.length > 1 && waitsOf(instance).find(({ call }) => isSameCall(call, calls[0]!));
    if (back) return this.#close(instance, [back.call, ...calls.slice(1)], input);
    if (calls.length < LONGEST) this.#look(instance, calls);
  }

  /** Goes on with what an entity waits for. */
  #look(instance: Instance, calls: readonly CircleLink[]): void {
    for (const { call, to } of waitsOf(instance)) {
      if (calls.some(({ address }) => address === call.address)) continue; // round another circle than that of the first
      for (const address of to) this.#send(address, [...calls, call]);
    }
  }

  #send(address: string, calls: readonly CircleLink[]): void {
    const { bus, subjects, partitions } = this.#hub;
    const circle: Circle = { v: 1, kind: 'circle', address, calls };
    bus.publish(subjects.partition(partitionOf(address, partitions)).queries, encodeText(JSON.stringify(circle)));
  }

  /** The look has come back to where it began. */
  #close(instance: Instance, calls: readonly CircleLink[], input: Input | undefined): undefined {
    const last = calls.at(-1)!;
    if (!isEntityAddress(last.address)) return this.#turn(instance, calls);
    // What has called before its process died is carried out (P18).
    if (!input || journalOf(instance, input)) return;
    const names = calls.flatMap(({ address, locked }) => (locked === undefined ? address : [locked, address]));
    const error = new CallCycleError([...names, names[0]!]);
    if (input.parked || this.#parking.holds(instance, input)) this.#pass(instance, last, error);
    else {
      this.#instances.backlog.remove(instance, input);
      this.#refuse(instance, input, error);
    }
    this.#instances.pump();
  }

  /** What is parked is taken in its order: it is refused now, and passed over then. */
  #pass(instance: Instance, caller: Caller, error: CallCycleError): void {
    const failure = toFailureDetails(error);
    this.#instances.journals.take(instance, { body: { kind: 'refuseCall', caller, failure }, bytes: 0 });
  }

  /** The request of a lock is not what is refused: the circle is told where the first of its calls waits. */
  #turn(instance: Instance, [first, ...others]: readonly CircleLink[]): undefined {
    const link = waitsOf(instance).find(({ call }) => isSameCall(call, first!));
    if (link && isEntityAddress(first!.address)) this.#send(link.to[0]!, [...others, first!]);
  }

  /** Looks for the last link in what is parked and not in memory, one look after another. */
  #search(instance: Instance, { calls }: Circle): undefined {
    if (this.#searching === MOST_SEARCHES) return;
    this.#searching++;
    const search = async (): Promise<void> => {
      const input = await this.#findParked(instance, calls.at(-1)!).catch(() => undefined); // its turn will tell that it is damaged
      this.#searching--;
      if (input && !this.#isStopped) this.#follow(instance, calls, input);
    };
    this.#searches = this.#searches.then(search);
  }

  async #findParked(instance: Instance, call: Caller): Promise<Input | undefined> {
    for (const run of instance.waiting.runs) {
      const inputs = await this.#parking.recall(instance, run);
      const input = inputs.find(({ body }) => isCallOf(body, call));
      // It may have been taken meanwhile, or brought into memory.
      if (input) return instance.waiting.has(input) ? input : findHere(instance, call);
    }
    return undefined;
  }
}

function runs({ running }: Instance, call: Caller): boolean {
  return running !== undefined && isCallOf(running.body, call);
}

function findHere({ waiting }: Instance, call: Caller): Input | undefined {
  return [...waiting.here].find(({ body }) => isCallOf(body, call));
}
