import { toFailureDetails } from '../core/failure.js';
import { orchestrationAddress, entityAddress } from '../wire/addresses.js';
import { formatOf } from '../wire/entity-state.js';
import { decodeQuery, encodeAnswer } from '../wire/query-codec.js';
import { statusOf } from '../wire/instance-status.js';
import type { PartitionInspection } from '../wire/inspection.js';
import type { Message } from '../wire/messages.js';
import type { Answer, Query } from '../wire/queries.js';
import type { Barrier } from './barrier.js';
import type { Circle } from './call-cycles.js';
import { EntityActivation } from './entity-activation.js';
import type { EntityReads } from './entity-reads.js';
import type { Group } from './group.js';
import type { Instances } from './instances.js';
import { tell } from './notices.js';
import { waitedNames } from './waited-names.js';
import { OrchestrationActivation } from './orchestration-activation.js';
import { headOf } from './orchestration-head.js';
import { answeredId } from './orchestration-inputs.js';
import type { OrchestrationQueries } from './orchestration-queries.js';
import type { PartitionPorts } from './ports.js';
import { reasonOf } from './successors.js';
import type { PartitionTables } from './tables.js';
import { Watchers } from './watchers.js';
import { ClosedError, OwnershipLostError, PayloadTooLargeError, StorageRegressedError } from '../errors.js';

type OutcomeAnswer = Extract<Answer, { kind: 'outcome' }>;

/** What people who operate a partition, and other owners, ask of its owner. */
export interface Operators {
  /** Resolves once the views show all that is committed now. */
  stored(): Promise<void>;
  inspect(): PartitionInspection;
  /** Lets an instance out of quarantine; it is so when the open group is acknowledged. */
  release(address: string, discard: boolean): boolean;
  /** Ends the lock of an entity; it is so when the open group is acknowledged. False: it is not locked under this number. */
  breakLock(address: string, fence: number): Promise<boolean>;
  /** Calls may wait for each other in a circle; nobody is answered. */
  circle(circle: Circle): undefined;
}

/** Answers exact reads: what is in memory when the read arrives, told behind the barrier (C11). */
export class Reads {
  readonly #tables: PartitionTables;
  readonly #ports: PartitionPorts;
  readonly #instances: Instances;
  readonly #queries: OrchestrationQueries;
  readonly #entityReads: EntityReads;
  readonly #watchers: Watchers;
  readonly #barrier: Barrier;
  readonly #operators: Operators;
  readonly #failed: (error: Error) => void;

  constructor(
    tables: PartitionTables,
    ports: PartitionPorts,
    instances: Instances,
    queries: OrchestrationQueries,
    entityReads: EntityReads,
    barrier: Barrier,
    operators: Operators,
    failed: (error: Error) => void,
  ) {
    this.#tables = tables;
    this.#ports = ports;
    this.#instances = instances;
    this.#queries = queries;
    this.#entityReads = entityReads;
    this.#watchers = new Watchers(ports);
    this.#barrier = barrier;
    this.#operators = operators;
    this.#failed = failed;
  }

  /** Behind the commit of a group those who watch what it has changed are told. */
  acknowledged(group: Pick<Group, 'instances'>): void {
    this.#watchers.acknowledged(group);
  }

  /** The answer to the first copy of a message may have been lost; if it is not there yet, it is still to come. */
  answerCopy(message: Message, session: string, number: number): void {
    if (message.kind === 'result' || message.reply === undefined) return;
    const { outcome } = this.#tables.sessions.answer(session, number, this.#tables.accepted);
    if (outcome) tell(this.#ports, message.reply, { v: 1, kind: 'outcome', outcome });
  }

  /** Answers a query, or nobody: a refused barrier means that another owner will. */
  async answer(body: Uint8Array, reply: string | undefined): Promise<void> {
    const decoded = decodeQuery(body);
    if (reply === undefined && !('value' in decoded && decoded.value.kind === 'circle')) return; // nobody waits for it
    try {
      const answer = 'value' in decoded ? await this.#find(decoded.value) : refused(decoded.refused);
      if (!answer) return;
      await this.#barrier.pass();
      this.#send(reply, answer);
    } catch (thrown) {
      const error = await reasonOf(thrown, this.#ports, this.#tables.epoch);
      if (error instanceof ClosedError) return;
      if (error instanceof OwnershipLostError || error instanceof StorageRegressedError) return this.#failed(error);
      this.#ports.logger.error('A query failed', { instance: this.#name, error: String(error) });
      this.#send(reply, { v: 1, kind: 'failed', failure: toFailureDetails(error) });
    }
  }

  get #name(): string {
    return `partition ${this.#ports.subjects.partition}`;
  }

  #send(reply: string | undefined, answer: Answer): void {
    if (reply === undefined) return;
    const body = encodeAnswer(answer);
    const { bus, maxBodyBytes } = this.#ports;
    if (body.length <= maxBodyBytes) return bus.publish(reply, body);
    const failure = toFailureDetails(new PayloadTooLargeError('The answer to a query', body.length, maxBodyBytes));
    bus.publish(reply, encodeAnswer({ v: 1, kind: 'failed', failure }));
  }

  async #find(query: Query): Promise<Answer | undefined> {
    switch (query.kind) {
      case 'status':
        return this.#status(query);
      case 'entity':
        return this.#entity(query);
      case 'read':
        return this.#entityReads.answer(query);
      case 'query':
        return this.#queries.answer(query);
      case 'mailbox':
        return { v: 1, kind: 'mailbox', mailbox: await this.#entityReads.inspect(query.entity) };
      case 'inspect':
        return { v: 1, kind: 'inspect', inspection: this.#operators.inspect() };
      case 'release': {
        const released = this.#operators.release(query.address, query.discard ?? false);
        return { v: 1, kind: 'release', released };
      }
      case 'breakLock':
        return { v: 1, kind: 'breakLock', broken: await this.#operators.breakLock(query.address, query.fence) };
      case 'activity':
        return this.#wanted(query);
      case 'circle':
        return this.#operators.circle(query);
      case 'waiting':
        return { v: 1, kind: 'waiting', names: waitedNames(this.#instances.waiting()) };
      case 'stored':
        await this.#operators.stored();
        return { v: 1, kind: 'stored' };
      case 'outcome':
        return { v: 1, kind: 'outcome', ...this.#outcome(query) };
    }
  }

  async #entity({ entity, notify, changes: isWanted }: Extract<Query, { kind: 'entity' }>): Promise<Answer> {
    const address = entityAddress(entity);
    if (notify !== undefined) this.#watchers.watch(address, notify); // before the look: none is missed
    const activation = await this.#entityReads.decided(address);
    if (!activation) return { v: 1, kind: 'entity', exists: false, isPrepared: true };
    const { changes, ...stored } = activation instanceof EntityActivation ? activation.stored : {};
    const exists = Object.keys(stored).length > 0;
    const told = { ...stored, ...(isWanted && changes && { changes }) };
    const lock = activation.lockHeld;
    return { v: formatOf([told]), kind: 'entity', exists, ...told, ...(lock && { lock }) };
  }

  #outcome({ id, session, number }: Extract<Query, { kind: 'outcome' }>): Pick<OutcomeAnswer, 'outcome' | 'accepted'> {
    const { sessions, outcomes, accepted } = this.#tables;
    if (session !== undefined && number !== undefined) return sessions.answer(session, number, accepted);
    const outcome = outcomes.get(id);
    return outcome ? { outcome } : {};
  }

  async #wanted({ instanceId, executionId, taskId }: Extract<Query, { kind: 'activity' }>): Promise<Answer> {
    const activation = await this.#instances.loaded(orchestrationAddress(instanceId));
    const isWanted =
      activation instanceof OrchestrationActivation &&
      answeredId(activation.state, { kind: 'result', of: 'activity', executionId, taskId }) !== undefined;
    return { v: 1, kind: 'activity', executionId, taskId, isWanted };
  }

  async #status({ instanceId, history, notify, changes }: Extract<Query, { kind: 'status' }>): Promise<Answer> {
    const address = orchestrationAddress(instanceId);
    if (notify !== undefined && changes) this.#watchers.watch(address, notify); // before the look: none is missed
    const activation = await this.#instances.loaded(address);
    if (!(activation instanceof OrchestrationActivation) || !activation.state.started) return { v: 1, kind: 'status' };
    if (notify !== undefined && !changes) activation.watch(notify);
    const head = headOf(activation.state, instanceId)({ epoch: 0, logSeq: 0, commit: '0' });
    const nowhere = this.#queries.nameWithoutWorker(activation);
    const status = { ...statusOf(head), ...(nowhere !== undefined && { nameWithoutWorker: nowhere }) };
    if (!history) return { v: 1, kind: 'status', status };
    return { v: 1, kind: 'status', status: { ...status, history: head.history }, segments: head.segments };
  }
}

function refused(reason: string): Answer {
  return { v: 1, kind: 'failed', failure: { name: 'InvalidQuery', message: reason } };
}
