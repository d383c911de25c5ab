import type { Json } from '../core/values.js';
import {
  InstanceEndedError,
  InstanceExistsError,
  InstanceNotEndedError,
  InstanceReplacedError,
  NotFoundError,
  NoWorkerError,
  NotRewindableError,
  RemoteError,
  type FailureDetails,
} from '../errors.js';
import { orchestrationAddress } from '../wire/addresses.js';
import type { ControlMessage } from '../wire/messages.js';
import type { Outcome } from '../wire/record.js';
import type { ClientSession } from './client-session.js';
import { lateError, type Delivery } from './delivery.js';
import { findEnded, type PurgeFilter } from './purge-filter.js';
import { meant, type StartedRun } from './started-run.js';
import { limitsOf, type CallOptions } from './waits.js';

/** Instances that one purge by filter asks at the same time. */
const WIDTH = 64;

/** What is asked of an instance as a whole. */
type Command = Omit<ControlMessage, 'kind' | 'id' | 'reply' | 'session' | 'number' | 'done' | 'parent' | 'outputRef'>;

/** What a client asks of instances as a whole: each request is carried out once, and answered by the partition's owner. */
export class InstanceCommands {
  readonly #session: ClientSession;
  readonly #timeout: number;

  /** @param timeout how long to wait for an answer, in milliseconds. */
  constructor(session: ClientSession, timeout: number) {
    this.#session = session;
    this.#timeout = timeout;
  }

  /** Resolves with what its owner answers. Rejects with the typed error of a refusal. */
  async ask(instanceId: string, command: Command, run?: StartedRun, options?: CallOptions): Promise<Json | undefined> {
    const { inbox, waits } = this.#session;
    const delivery: Delivery = { progress: 'unsent' };
    const limits = limitsOf(options, this.#timeout);
    const late = () =>
      lateError(`The request to ${command.action} "${instanceId}"`, limits.timeoutInMilliseconds, delivery);
    const message = { kind: 'control', ...meant(run), ...command, reply: inbox.reply } as const;
    const outcome = await waits.within<Outcome | undefined>(limits, late, (wait) =>
      this.#session.send(orchestrationAddress(instanceId), message, {
        check: () => undefined,
        wait,
        delivery,
        isCall: true,
      }),
    );
    if (outcome?.failure) throw commandError(instanceId, outcome.failure);
    return outcome?.result;
  }

  /** The output of an instance that is terminated, as it is sent. */
  output(value: unknown): { readonly output?: Json } {
    const output = this.#session.values.encode(value);
    return output === undefined ? {} : { output };
  }

  /** From here on the end that this client knows of a run is not its end. */
  forgetEnd(instanceId: string, run: StartedRun | undefined): void {
    this.#session.inbox.takeEnded(instanceId, () => true);
    if (run) delete run.end;
  }

  /** Purges what a filter finds; how many instances. */
  async purgeAll(filter: PurgeFilter): Promise<number> {
    const waiting = findEnded(this.#session.ports, filter);
    const { recursive = true } = filter;
    let purged = 0;
    const worker = async (): Promise<void> => {
      for (let next = await waiting.next(); !next.done; next = await waiting.next()) {
        const { instanceId, runId } = next.value;
        if (await this.#purge(instanceId, { action: 'purge', recursive, runId })) purged++;
      }
    };
    await Promise.all(Array.from({ length: WIDTH }, worker));
    return purged;
  }

  /** Whether it was there to be purged: it may have changed since it was found. */
  async #purge(instanceId: string, command: Command): Promise<boolean> {
    try {
      await this.ask(instanceId, command);
      return true;
    } catch (error) {
      if (error instanceof NotFoundError || error instanceof InstanceReplacedError) return false;
      if (error instanceof InstanceNotEndedError) return false;
      throw error;
    }
  }
}

/** The error that an owner refuses a request with. */
export function commandError(instanceId: string, failure: FailureDetails): Error {
  const orchestrator = failure.fields?.['orchestrator'];
  if (failure.code === 'PERDURE_NO_WORKER' && typeof orchestrator === 'string') return new NoWorkerError(orchestrator);
  if (failure.code === 'PERDURE_NOT_REWINDABLE') return new NotRewindableError(failure.message, instanceId);
  const known = errors.get(failure.code);
  return known ? new known(instanceId) : new RemoteError(failure);
}

const errors: ReadonlyMap<string | undefined, new (instanceId: string) => Error> = new Map<
  string | undefined,
  new (instanceId: string) => Error
>([
  ['PERDURE_NOT_FOUND', NotFoundError],
  ['PERDURE_INSTANCE_EXISTS', InstanceExistsError],
  ['PERDURE_INSTANCE_ENDED', InstanceEndedError],
  ['PERDURE_INSTANCE_NOT_ENDED', InstanceNotEndedError],
  ['PERDURE_INSTANCE_REPLACED', InstanceReplacedError],
]);
