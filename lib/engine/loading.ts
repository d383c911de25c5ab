import { CorruptHistoryError, OwnershipLostError, StorageRegressedError } from '../errors.js';
import { parseAddress } from '../wire/addresses.js';
import type { Head } from '../wire/head.js';
import type { Address } from '../wire/messages.js';
import type { StepEntry } from '../wire/record.js';
import type { Activation } from './activation.js';
import { stateBeforeStart } from './early-events.js';
import { EntityActivation } from './entity-activation.js';
import type { ForgottenFences } from './entity-locks.js';
import type { Heads } from './heads.js';
import type { Host } from './host.js';
import type { Instance } from './instance.js';
import type { Beside } from './operation-calls.js';
import type { ChildrenSearch } from './children-search.js';
import { OrchestrationActivation } from './orchestration-activation.js';
import { isEnd, OrchestrationState } from './orchestration-state.js';
import type { PartitionPorts } from './ports.js';
import type { Recovered, TailEntry } from './recovery.js';
import type { Segments } from './segments.js';
import { PartsOfInstance } from './stored-parts.js';

/** Whom the loading tells. */
export interface LoadingListener {
  /** The stored head does not show this record and what follows. */
  isBehind(instance: Instance, since: number): void;
  /** The operation that an entity runs makes a call (P18). */
  readonly called: Beside;
}

/** Makes activations from heads and what the log says behind them. */
export class Loading {
  readonly #host: Host;
  readonly #heads: Heads;
  readonly #ports: ActivationPorts;
  /** What recovery found behind heads; an instance's part is used once. */
  readonly #tail: Recovered['tail'];
  /** The end of the log when it was read: no head may know more (P12). */
  readonly #end: number;
  readonly #commits: Recovered['commits'];
  readonly #listener: LoadingListener;
  readonly #children: ChildrenSearch;
  readonly #fences: ForgottenFences;

  constructor(
    host: Host,
    heads: Heads,
    ports: ActivationPorts,
    children: ChildrenSearch,
    { tail, tables, commits }: Recovered,
    listener: LoadingListener,
  ) {
    this.#host = host;
    this.#heads = heads;
    this.#ports = ports;
    this.#tail = tail;
    this.#end = tables.sequence;
    this.#commits = commits;
    this.#listener = listener;
    this.#children = children;
    this.#fences = tables;
  }

  /** The activation of an instance of which nothing is stored; undefined: there may be something, to be read. */
  fresh(instance: Instance): Activation | undefined {
    if (this.#tail.has(instance.address) || !this.#heads.isNew(instance)) return undefined;
    return newActivation(instance.address, this.#makings());
  }

  async load(instance: Instance): Promise<Activation> {
    const head = await this.#heads.read(instance);
    if (head) this.#checkHead(instance, head);
    const tail = this.#tail.get(instance.address) ?? [];
    const behind = tail.filter(({ sequence }) => sequence > (head?.logSeq ?? 0));
    const activation = await activationOf(instance.address, head, behind, this.#makings());
    // Also when the head shows it all: a former owner may have stored it after my takeover. Under my epoch it is stored
    // again before the log below is forgotten, so that nobody takes it for a zombie's later (P13, docs/adr/0014).
    if (tail[0]) this.#listener.isBehind(instance, tail[0].first);
    this.#tail.delete(instance.address); // not before: what is not loaded keeps the log from being forgotten (C8)
    return activation;
  }

  #makings(): Makings {
    return {
      host: this.#host,
      ports: this.#ports,
      segments: this.#heads.segments,
      children: this.#children,
      fences: this.#fences,
      beside: this.#listener.called,
    };
  }

  /** A head of a former owner cannot know more than the log had when I took over, nor another record there (P12). */
  #checkHead({ address }: Instance, { epoch, logSeq, commit }: Head): void {
    if (epoch > this.#heads.epoch)
      throw new OwnershipLostError(
        `The head of ${address} was written in epoch ${epoch}, mine is ${this.#heads.epoch}.`,
      );
    if (epoch < this.#heads.epoch && (logSeq > this.#end || (this.#commits.get(logSeq) ?? commit) !== commit))
      throw new StorageRegressedError(
        `The head of ${address} knows of record ${logSeq}, which the log, that ended at ${this.#end}, does not have: the ` +
          'log stream lost acknowledged records.',
      );
  }
}

/** The world as an activation sees it. */
export type ActivationPorts = Pick<PartitionPorts, 'random' | 'clock' | 'logger' | 'valueLimits'>;

/** What an activation is made with. */
export interface Makings {
  readonly host: Host;
  readonly ports: ActivationPorts;
  readonly segments: Segments;
  /** Undefined: nothing is purged here. */
  readonly children?: ChildrenSearch;
  /** Undefined: nothing is locked here. */
  readonly fences?: ForgottenFences;
  readonly beside: Beside;
}

/** An instance that takes its first step. */
function newActivation(address: Address, makings: Makings): Activation {
  const { host, ports } = makings;
  const addressee = parseAddress(address);
  if (addressee.kind === 'orchestration')
    return new OrchestrationActivation(
      addressee.instanceId,
      host,
      ports,
      new PartsOfInstance(address, makings.segments, makings.children),
    );
  const activation = new EntityActivation(addressee.entity, makings);
  activation.resume();
  return activation;
}

/** An instance as its head and the steps behind it say; `address` names it. Throws CorruptHistoryError. */
export async function activationOf(
  address: Address,
  head: Head | undefined,
  behind: readonly TailEntry[],
  makings: Makings,
): Promise<Activation> {
  const addressee = parseAddress(address);
  if (addressee.kind === 'entity') {
    if (head && head.type !== 'entity' && head.type !== 'tombstone') throw mismatch(address, head);
    const stored = head?.type === 'entity' ? head : undefined;
    const activation = new EntityActivation(addressee.entity, makings, stored);
    const purge = head ? -1 : behind.findLastIndex(({ entry }) => entry.purged);
    for (const [index, { entry, at }] of behind.entries()) {
      activation.apply(index < purge ? withoutChange(entry) : entry);
      if (!entry.lock) activation.ranElsewhere(at); // no operation comes at a time before one that was committed (P19)
    }
    activation.resume();
    return activation;
  }
  if (head?.type === 'entity') throw mismatch(address, head);
  const activation = await loadedOrchestration(addressee.instanceId, address, head, makings);
  if (head?.type === 'tombstone') activation.state.apply({ to: address, purged: true });
  for (const { entry } of behind) activation.apply(entry);
  if (!activation.state.started && activation.state.history.length > 0)
    throw new CorruptHistoryError(`The log continues ${address}, and there is no head that it could follow.`);
  return activation;
}

/** A step before a purge, when there is no head any more: the state that it changes is not there either. */
function withoutChange(entry: StepEntry): StepEntry {
  const { patches: _, ...rest } = entry;
  return rest;
}

async function loadedOrchestration(
  instanceId: string,
  address: Address,
  head: Exclude<Head, { type: 'entity' }> | undefined,
  makings: Makings,
): Promise<OrchestrationActivation> {
  const { host, ports, segments } = makings;
  const stored = new PartsOfInstance(address, makings.segments, makings.children);
  if (head?.type === 'early')
    return new OrchestrationActivation(instanceId, host, ports, stored, stateBeforeStart(head));
  if (head?.type !== 'orchestration') return new OrchestrationActivation(instanceId, host, ports, stored);
  const { history, held } = isEnd(head.status) ? nothing : await segments.earlier(head, address);
  const state = OrchestrationState.from(head, history, held);
  return new OrchestrationActivation(instanceId, host, ports, stored, state, history);
}

const nothing = { history: [], held: [] } as const;

/** An orchestration instance with all events of its history in memory, also if it has ended: ready to be queried. */
export async function wholeActivation(
  address: Address,
  head: Head | undefined,
  makings: Makings,
): Promise<OrchestrationActivation> {
  const { host, ports, segments } = makings;
  const addressee = parseAddress(address);
  if (addressee.kind !== 'orchestration' || head?.type !== 'orchestration')
    throw new CorruptHistoryError(`${address} is no orchestration instance that has begun`);
  const { history, held } = await segments.earlier(head, address);
  const state = OrchestrationState.from(head, history, held);
  const stored = new PartsOfInstance(address, makings.segments, makings.children);
  return new OrchestrationActivation(addressee.instanceId, host, ports, stored, state, history);
}

function mismatch(address: Address, head: Head): CorruptHistoryError {
  return new CorruptHistoryError(`The head of ${address} is of a ${head.type}`);
}
