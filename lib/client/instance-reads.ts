import type { EntityId, HistoryEvent } from '../core/history.js';
import { FIRST_VERSION } from '../core/state-migration.js';
import { CorruptHistoryError, RemoteError } from '../errors.js';
import { entityAddress, orchestrationAddress, partitionOf } from '../wire/addresses.js';
import type { StateHistory } from '../wire/entity-history.js';
import type { StoredState } from '../wire/entity-state.js';
import { entitySummaryOf } from '../wire/entity-note.js';
import { decodeHead, decodeSegment } from '../wire/head-codec.js';
import type { Head, SegmentReference } from '../wire/head.js';
import { summaryOf } from '../wire/head-summary.js';
import { statusOf } from '../wire/instance-status.js';
import type { LockHeld } from '../wire/locks.js';
import type { Address } from '../wire/messages.js';
import type { Answer, InstanceStatus, Query } from '../wire/queries.js';
import type { ClientSession } from './client-session.js';
import type { CheckedEntityFilter } from './entity-filter.js';
import type { CheckedFilter } from './instance-filter.js';
import type { ReadState } from './past-states.js';

/**
 * Where something was read: `owner` is exact; `view` is what the partition's last owner wrote for readers, and may be
 * behind what is stored: nobody owns the partition now.
 */
export type ReadSource = 'owner' | 'view';

/** An entity as it is stored. */
interface EntityState extends StoredState {
  readonly isPrepared?: true;
  readonly changes?: StateHistory;
  readonly lock?: LockHeld;
}

/** An entity as it was read. */
export interface ReadEntity extends ReadState {
  readonly changes: StateHistory | undefined;
  readonly lock: LockHeld | undefined;
  readonly source: ReadSource;
}

/** How the status of an instance is read. */
export interface StatusReading {
  /** Whether its history is wanted too. */
  readonly history?: boolean | undefined;
  /** Where its owner tells of changes. */
  readonly notify?: string | undefined;
  /** Default true. */
  readonly fetchInputsAndOutputs?: boolean | undefined;
}

/** How an entity is read. */
export interface EntityReading {
  /** Asked of its owner when there is one. */
  readonly isExact: boolean;
  /** Where that tells of changes. */
  readonly notify?: string | undefined;
  /** Whether its last changes are wanted too. */
  readonly wantsChanges?: boolean | undefined;
}

/**
 * How often something is read that names the same value again, which is gone, and how often in all. The last but one look is
 * patient (P11), and what names the value may have been replaced meanwhile.
 */
const LOOKS = 4;
const MOST_LOOKS = 100;

/** How often an owner that stays silent is asked before the view is read. */
const ATTEMPTS = 2;

/** A history that is too large for an answer is so until its owner has stored it in segments: in so many milliseconds. */
const FLUSH = 250;
const LARGE_ATTEMPTS = 20;

/** Reads instances: from the owner of their partition, or from their views when there is none. */
export class InstanceReads {
  readonly #session: ClientSession;

  constructor(session: ClientSession) {
    this.#session = session;
  }

  status(
    instanceId: string,
    reading: StatusReading = {},
  ): Promise<{ readonly status?: InstanceStatus; readonly source: ReadSource }> {
    return this.#current(async (mayBeOld) => {
      const { status, source } = await this.#status(instanceId, reading);
      if (!status) return { source };
      const { large } = this.#session;
      const history = status.history && {
        history: await Promise.all(status.history.map((event) => large.whole(event, mayBeOld))),
      };
      const told =
        reading.fetchInputsAndOutputs === false ? withoutValues(status) : await large.whole(status, mayBeOld);
      return { status: { ...told, ...history }, source };
    });
  }

  /**
   * What its view says of an instance, whoever owns it; undefined: it is not there, or does not fit. Without
   * `fetchInputsAndOutputs` the input and the output are left away.
   */
  viewed(
    instanceId: string,
    filter: CheckedFilter,
    fetchInputsAndOutputs: boolean,
  ): Promise<InstanceStatus | undefined> {
    const hasIt = async () => {
      const answer = await this.#ask(orchestrationAddress(instanceId), { v: 1, kind: 'status', instanceId });
      return !answer || answer.status !== undefined;
    };
    return this.#unlessGone(hasIt, async (mayBeOld) => {
      const head = await this.#head(orchestrationAddress(instanceId));
      if (head?.type !== 'orchestration' || !filter.fits(summaryOf(head))) return undefined;
      const status = statusOf(head);
      return fetchInputsAndOutputs ? this.#session.large.whole(status, mayBeOld) : withoutValues(status);
    });
  }

  /**
   * A value may be removed between an answer and the look for it: then what has taken its place is asked for, also when that has
   * changed in turn. What is found to be missing again and again is lost.
   */
  async #current<T>(read: (mayBeOld: boolean) => Promise<T>): Promise<T> {
    let [fault, times] = ['', 0];
    for (let looks = 1; ; looks++) {
      try {
        return await read(times !== LOOKS - 2);
      } catch (error) {
        if (!(error instanceof CorruptHistoryError)) throw error;
        times = error.message === fault ? times + 1 : 1;
        fault = error.message;
        if (times === LOOKS || looks === MOST_LOOKS) throw error;
      }
    }
  }

  /**
   * The same of a view. One that was stored late names what went with its instance (P13): when its owner says that there is no such
   * instance, there is none.
   */
  async #unlessGone<T>(hasIt: () => Promise<boolean>, read: (mayBeOld: boolean) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#current(read);
    } catch (error) {
      if (!(error instanceof CorruptHistoryError) || (await hasIt())) throw error;
      return undefined;
    }
  }

  async #status(
    instanceId: string,
    { history: isHistoryWanted = false, notify }: StatusReading,
  ): Promise<{ readonly status?: InstanceStatus; readonly source: ReadSource }> {
    const address = orchestrationAddress(instanceId);
    const more = {
      ...(isHistoryWanted && { history: true }),
      ...(notify !== undefined && { notify, changes: true as const }),
    };
    const answer = await this.#ask(address, { v: 1, kind: 'status', instanceId, ...more });
    if (answer) return { ...(await this.#whole(address, answer)), source: 'owner' };
    const head = await this.#head(address);
    if (head?.type !== 'orchestration') return { source: 'view' };
    const history = isHistoryWanted && { history: await this.#history(address, head.segments, head.history) };
    return { status: { ...statusOf(head), ...history }, source: 'view' };
  }

  /** An owner tells where the earlier parts of a history are stored: all of it may be too large for an answer. */
  async #whole(address: Address, { status, segments }: Extract<Answer, { kind: 'status' }>) {
    if (!status) return {};
    if (!status.history || !segments) return { status };
    return { status: { ...status, history: await this.#history(address, segments, status.history) } };
  }

  /** Undefined: a transaction has prepared another state, and is not decided. */
  entity(entity: EntityId, reading: EntityReading): Promise<ReadEntity | undefined> {
    return this.#current(async (mayBeOld) => {
      const { found, source } = await this.#entity(entity, reading);
      if (found.isPrepared) return undefined;
      return { ...(await this.#stateOf(found, mayBeOld)), changes: found.changes, lock: found.lock, source };
    });
  }

  /** Its last changes alone, without the state; undefined as above. */
  async changes(entity: EntityId, isExact: boolean): Promise<StateHistory | undefined> {
    const { found } = await this.#entity(entity, { isExact, wantsChanges: true });
    return found.isPrepared ? undefined : (found.changes ?? { last: 0, kept: [] });
  }

  async #stateOf(stored: StoredState, mayBeOld: boolean): Promise<ReadState> {
    const { state, stateVersion = FIRST_VERSION } = await this.#session.large.whole(stored, mayBeOld);
    return { state, version: stateVersion };
  }

  async #entity(
    entity: EntityId,
    { isExact, notify, wantsChanges = false }: EntityReading,
  ): Promise<{ readonly found: EntityState; readonly source: ReadSource }> {
    const address = entityAddress(entity);
    const more = { ...(notify !== undefined && { notify }), ...(wantsChanges && { changes: true as const }) };
    const answer = isExact ? await this.#ask(address, { v: 1, kind: 'entity', entity, ...more }) : undefined;
    if (answer) return { found: answer, source: 'owner' };
    const head = await this.#head(address);
    if (head?.type !== 'entity') return { found: {}, source: 'view' };
    const lock = head.locks?.held;
    return { found: { ...head, ...(lock && { lock }) }, source: 'view' };
  }

  /** What its view says of an entity, whoever owns it; undefined: it is not there, or does not fit. */
  viewedEntity(
    entity: EntityId,
    filter: Pick<CheckedEntityFilter, 'fits'>,
  ): Promise<(ReadState & { readonly updatedAt: number }) | undefined> {
    const hasIt = async () => {
      const answer = await this.#ask(entityAddress(entity), { v: 1, kind: 'entity', entity });
      return !answer || answer.state !== undefined || answer.stateRef !== undefined;
    };
    return this.#unlessGone(hasIt, async (mayBeOld) => {
      const head = await this.#head(entityAddress(entity));
      if (head?.type !== 'entity' || !filter.fits(entitySummaryOf(head))) return undefined;
      return { ...(await this.#stateOf(head, mayBeOld)), updatedAt: head.updatedAt };
    });
  }

  /** Undefined: nobody answers. */
  async #ask<Q extends Query>(address: Address, query: Q) {
    for (let [silent, large] = [0, 0]; silent < ATTEMPTS;) {
      try {
        const answer = await this.#session.queries.ask(address, query);
        if (typeof answer === 'object') return answer;
        if (answer === 'noOwner') return undefined;
        silent++;
      } catch (error) {
        if (!isTooLarge(error) || ++large === LARGE_ATTEMPTS) throw error;
        await this.#session.waits.whileOpen((wait) => wait.pause(FLUSH));
      }
    }
    return undefined;
  }

  async #head(address: Address): Promise<Head | undefined> {
    const { views, subjects } = this.#at(address);
    const stored = await views.read(subjects.head(address));
    return stored && decodeHead(stored.body, `The head of ${address}`);
  }

  async #history(
    address: Address,
    segments: readonly SegmentReference[],
    last: readonly HistoryEvent[],
  ): Promise<readonly HistoryEvent[]> {
    const { views } = this.#at(address);
    const parts = await Promise.all(
      segments.map(async ({ subject }) => {
        const stored = await views.read(subject);
        if (stored) return decodeSegment(stored.body, `The segment ${subject}`);
        throw new CorruptHistoryError(`The segment ${subject}, which the head of ${address} names, is missing`);
      }),
    );
    return [...parts.flat(), ...last];
  }

  #at(address: Address) {
    const { ports } = this.#session;
    const partition = partitionOf(address, ports.partitions);
    return { views: ports.viewsOf(partition), subjects: ports.subjects.partition(partition) };
  }
}

function withoutValues(status: InstanceStatus): InstanceStatus {
  const { input: _i, inputRef: _ir, output: _o, outputRef: _or, ...rest } = status;
  return rest;
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RemoteError && error.failureDetails.code === 'PERDURE_PAYLOAD_TOO_LARGE';
}
