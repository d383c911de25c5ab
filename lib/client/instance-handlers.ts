import { knownQuery, knownUpdate, methodProxy } from '../core/method-proxy.js';
import type { InputShape, OrchestratorShape } from '../core/names.js';
import type { Json } from '../core/values.js';
import {
  InstanceEndedError,
  InstanceReplacedError,
  NoWorkerError,
  NotFoundError,
  PayloadTooLargeError,
  QueryFailedError,
  RemoteError,
  TimeoutError,
  UpdateFailedError,
  type FailureDetails,
} from '../errors.js';
import { orchestrationAddress } from '../wire/addresses.js';
import { encodeQuery } from '../wire/answer-codec.js';
import { checkInstanceId, checkName, checkRunId } from '../wire/checks.js';
import type { Query, QueryAnswer } from '../wire/queries.js';
import type { Outcome } from '../wire/record.js';
import type { ClientSession } from './client-session.js';
import { lateError, type Delivery } from './delivery.js';
import type { HandleOptions } from './orchestration-handle.js';
import { whenOwnMailIsTaken } from './own-mail.js';
import { deadlineAfter } from './owner-queries.js';
import { knownRun, meant, type StartedRun } from './started-run.js';
import { limitsOf, type CallOptions, type Wait } from './waits.js';

/** The wait before an owner is asked again that did not answer, in milliseconds, doubled up to the second. */
const FIRST_PAUSE = 10;
const LAST_PAUSE = 250;

/** An instance as its handle knows it. */
export interface Target {
  readonly instanceId: string;
  /** Undefined: the class is not at hand. */
  readonly shape: OrchestratorShape | undefined;
  readonly run: StartedRun | undefined;
}

/** An instance by its id, and its run if that is known. Throws InvalidIdError. */
export function targetOf(id: unknown, { runId }: HandleOptions = {}): Target {
  const instanceId = checkInstanceId(id);
  const run = runId === undefined ? undefined : knownRun(checkRunId(runId));
  return { instanceId, shape: undefined, run };
}

/** Whichever run there is of an instance. */
export function anyRunOf(instanceId: string): Target {
  return { instanceId, shape: undefined, run: undefined };
}

/** What a client asks of orchestration instances that run: queries and updates. */
export class InstanceHandlers {
  readonly #session: ClientSession;
  readonly #timeout: number;

  /** @param timeout how long an answer is waited for, in milliseconds. */
  constructor(session: ClientSession, timeout: number) {
    this.#session = session;
    this.#timeout = timeout;
  }

  /** The queries of an instance as methods. */
  queries(target: Target, options: CallOptions): object {
    return methodProxy((method, input) => this.query(target, method, input, options));
  }

  /** The updates of an instance as methods. */
  updates(target: Target, options: CallOptions): object {
    return methodProxy((method, input) => this.update(target, method, input, options));
  }

  async query(target: Target, method: string, value: unknown, options: CallOptions): Promise<unknown> {
    const { instanceId, shape } = target;
    const name = checkName(method, 'query');
    const input = this.#input(shape, shape?.queries && knownQuery(shape, name), name, value);
    const query = { v: 1, kind: 'query', instanceId, name, ...meant(target.run), ...input } as const;
    this.#checkSize(query);
    const limits = limitsOf(options, this.#timeout);
    const late = (): TimeoutError =>
      new TimeoutError(
        `Nobody answered query "${name}" of orchestration instance "${instanceId}" within ` +
          `${limits.timeoutInMilliseconds} ms. Start a worker of task hub ${this.#session.ports.name}, or ask again.`,
      );
    const { result } = await this.#session.waits.within<QueryAnswer>(limits, late, (wait) =>
      this.#ask(target, query, wait),
    );
    return this.#session.values.decode(result);
  }

  async update(target: Target, method: string, value: unknown, options: CallOptions): Promise<unknown> {
    const { instanceId, shape } = target;
    const name = checkName(method, 'update');
    const input = this.#input(shape, shape?.updates && knownUpdate(shape, name), name, value);
    const { inbox, waits, values } = this.#session;
    const delivery: Delivery = { progress: 'unsent' };
    const limits = limitsOf(options, this.#timeout);
    const late = () => lateError(`Update "${name}" of "${instanceId}"`, limits.timeoutInMilliseconds, delivery);
    const message = { kind: 'update', name, ...meant(target.run), ...input, reply: inbox.reply } as const;
    const outcome = await waits.within<Outcome | undefined>(limits, late, (wait) =>
      this.#session.send(orchestrationAddress(instanceId), message, {
        check: () => undefined, // whether there is such an update, its instance says
        wait,
        delivery,
        isCall: true,
      }),
    );
    if (outcome?.failure) throw updateError(instanceId, name, outcome.failure, outcome.thrown);
    return values.decode(outcome?.result);
  }

  #input(
    orchestrator: OrchestratorShape | undefined,
    handler: InputShape | undefined,
    name: string,
    value: unknown,
  ): { readonly input?: Json } {
    const target = orchestrator ? `${orchestrator.name}.${name}` : name;
    return this.#session.encode(value, handler, target);
  }

  /** Asks until there is an answer. The start of a run may be on its way to its owner, and the query be faster. */
  async #ask(
    { instanceId, run }: Target,
    query: Extract<Query, { kind: 'query' }>,
    wait: Wait<QueryAnswer>,
  ): Promise<void> {
    let [pause, silences] = [FIRST_PAUSE, 0];
    let isBehindOwnMail = false;
    while (!wait.isOver) {
      const answer = await this.#askOnce(query, deadlineAfter(silences));
      if (answer?.isMissing && run?.isSeen !== false && !isBehindOwnMail) {
        const own = await whenOwnMailIsTaken(this.#session, orchestrationAddress(instanceId), wait);
        if (own === 'nothing') throw new NotFoundError(instanceId);
        isBehindOwnMail = true;
        continue;
      }
      if (answer && !(answer.isMissing && run?.isSeen === false)) {
        if (answer.isMissing) throw new NotFoundError(instanceId);
        if (answer.isReplaced) throw new InstanceReplacedError(instanceId);
        if (run) run.isSeen = true;
        if (answer.noWorkerWith !== undefined) throw new NoWorkerError(answer.noWorkerWith);
        if (answer.failure) throw new QueryFailedError(instanceId, query.name, answer.failure);
        return wait.succeed(answer);
      }
      await wait.pause(pause);
      pause = Math.min(2 * pause, LAST_PAUSE);
      if (!answer) silences++; // perhaps a long history is replayed for it
    }
  }

  /** Undefined: nobody answered. Throws QueryFailedError when the owner could not tell. */
  async #askOnce(query: Extract<Query, { kind: 'query' }>, deadline: number): Promise<QueryAnswer | undefined> {
    const { instanceId, name } = query;
    try {
      const answer = await this.#session.queries.ask(orchestrationAddress(instanceId), query, deadline);
      return typeof answer === 'object' ? answer : undefined;
    } catch (error) {
      throw error instanceof RemoteError ? new QueryFailedError(instanceId, name, error.failureDetails) : error;
    }
  }

  /** A query travels in one message. Throws PayloadTooLargeError. */
  #checkSize(query: Extract<Query, { kind: 'query' }>): void {
    const { length } = encodeQuery(query);
    const { maxBodyBytes } = this.#session.ports;
    if (length > maxBodyBytes)
      throw new PayloadTooLargeError(`The input of query "${query.name}"`, length, maxBodyBytes);
  }
}

/** What code throws is told as that, also when it calls itself what an owner would: errors are data. */
function updateError(instanceId: string, name: string, failure: FailureDetails, isThrown = false): Error {
  if (isThrown) return new UpdateFailedError(instanceId, name, failure);
  if (failure.code === 'PERDURE_NOT_FOUND') return new NotFoundError(instanceId);
  if (failure.code === 'PERDURE_INSTANCE_REPLACED') return new InstanceReplacedError(instanceId);
  if (failure.code === 'PERDURE_INSTANCE_ENDED') return new InstanceEndedError(instanceId);
  return new UpdateFailedError(instanceId, name, failure);
}
