import type { EntityId } from '../core/history.js';
import { toFailureDetails } from '../core/failure.js';
import type { HandlerOutcome } from '../core/turn.js';
import { BusyError } from '../errors.js';
import { entityAddress } from '../wire/addresses.js';
import type { EntityInspection } from '../wire/entity-inspection.js';
import type { Address } from '../wire/messages.js';
import type { Query, ReadAnswer } from '../wire/queries.js';
import type { Activation, ReadInput } from './activation.js';
import type { Committer } from './committer.js';
import { mailboxOf } from './entity-inspecting.js';
import type { Inbox } from './inbox.js';
import type { Instances } from './instances.js';
import type { Loops } from './loops.js';
import type { ParkedPages } from './parked-pages.js';
import type { PartitionPorts } from './ports.js';
import type { PartitionTables } from './tables.js';
import { changesState } from './transactional-state.js';

/** The waits between two looks whether the asker's own mail is here, in milliseconds: each twice the one before. */
const FIRST_LOOK = 1;
const LONGEST_LOOK = 50;
/** After so many milliseconds nobody waits for an answer any more. */
const PATIENCE = 15_000;
/** For so long a read waits for a transaction before its asker is told so, who then asks again. */
const PATIENCE_WITH_TRANSACTIONS = 1_000;

type Read = Extract<Query, { kind: 'read' }>;

/** What reads of entities need of their partition. */
export interface EntityReadsParts {
  readonly ports: Pick<PartitionPorts, 'bus' | 'clock' | 'maxBodyBytes' | 'mailbox'>;
  readonly pages: Pick<ParkedPages, 'timeOf'>;
  readonly instances: Instances;
  readonly inbox: Pick<Inbox, 'last'>;
  readonly tables: PartitionTables;
  readonly committer: Committer;
  readonly loops: Loops;
  /** The worker that owns the partition. */
  readonly worker: string;
  /** Whether an instance is in quarantine. */
  holds(address: Address): boolean;
}

/**
 * Answers calls of readonly operations. Nothing of them is recorded: the barrier of the read that follows says that what they
 * saw is (C11).
 *
 * O1. A read takes its place in the mailbox, behind all mail that its asker had stored before: it sees what that did (C6).
 * O2. An entity that takes nothing, for want of a worker with its code or in quarantine, keeps no reads either.
 */
export class EntityReads {
  readonly #parts: EntityReadsParts;

  constructor(parts: EntityReadsParts) {
    this.#parts = parts;
  }

  /** Undefined: nobody waits for it any more. */
  async answer({ entity, name, input, after = 0 }: Read): Promise<ReadAnswer | undefined> {
    const { instances, loops } = this.#parts;
    const address = entityAddress(entity);
    if (!this.#isTaken(after)) {
      const isTaken = await loops.watch('a read, for the mail before it', this.#whenTaken(after), address);
      if (!isTaken) return undefined;
    }
    if (this.#parts.holds(address)) return { v: 1, kind: 'read', failure: toFailureDetails(quarantined(address)) };
    if (instances.instance(address).waitsFor) return { v: 1, kind: 'read', isWaiting: true };
    const read: ReadInput = { kind: 'read', name, ...(input !== undefined && { input }) };
    const told = await new Promise<HandlerOutcome | undefined>((resolve) => {
      instances.deliver(address, { body: read, bytes: 0, told: resolve });
      instances.pump();
    });
    return told ? { v: 1, kind: 'read', ...told } : { v: 1, kind: 'read', isMutating: true };
  }

  /** An entity once no transaction that it waits for would make it another; undefined: it has waited for long (P23). */
  async decided(address: Address): Promise<Activation | undefined> {
    const { instances } = this.#parts;
    const activation = await instances.loaded(address);
    if (!changesState(activation.prepared)) return activation;
    const isOver = (): boolean => !changesState(instances.instance(address).activation?.prepared);
    const isDecided = await this.#until(isOver, PATIENCE_WITH_TRANSACTIONS);
    return isDecided ? this.decided(address) : undefined; // which may have been unloaded meanwhile
  }

  /** What an entity's mailbox looks like. */
  inspect(entity: EntityId): Promise<EntityInspection> {
    const { instances, tables, committer, loops, worker, ports, pages } = this.#parts;
    return mailboxOf(entity, instances, tables, committer, loops, worker, { mailbox: ports.mailbox, pages });
  }

  #isTaken(sequence: number): boolean {
    const { instances, inbox } = this.#parts;
    return !instances.isHeld && inbox.last >= sequence;
  }

  /** Waits until the mail up to a sequence is in its mailboxes. False: for too long. */
  async #whenTaken(sequence: number): Promise<boolean> {
    return this.#until(() => this.#isTaken(sequence), PATIENCE);
  }

  async #until(holds: () => boolean, patience: number): Promise<boolean> {
    const { clock } = this.#parts.ports;
    const end = clock.now() + patience;
    for (let wait = FIRST_LOOK; !holds(); wait = Math.min(2 * wait, LONGEST_LOOK)) {
      if (clock.now() >= end) return false;
      await new Promise<void>((resolve) => clock.after(wait, resolve));
    }
    return true;
  }
}

function quarantined(address: Address): BusyError {
  return new BusyError(`${address} is in quarantine and takes nothing until it is released.`);
}
