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
  TimeoutError,
  type FailureDetails,
} from '../errors.js';
import { orchestrationAddress } from '../wire/addresses.js';
import type { ControlMessage } from '../wire/messages.js';
import type { Outcome } from '../wire/record.js';
import type { ClientSession } from './client-session.js';
import { lateError, type Delivery } from './delivery.js';
import { findEnded, type PurgeFilter } from './purge-filter.js';
import { restoredInstance, type EndedInstance } from './restoring.js';
import { meant, type StartedRun } from './started-run.js';
import { limitsOf, type CallOptions } from './waits.js';

/** Instances that one purge by filter asks at the same time. */
const WIDTH = 64;

/** How far a purge has come. */
export interface PurgeProgress {
  /** Instances that fit the filter and were looked at. */
  readonly found: number;
  /** Of these, those that were purged; not counted those that were purged with their parents. */
  readonly purged: number;
}

/** How a purge by filter is carried out. */
export interface PurgeOptions {
  /** How long all of it may take, in milliseconds: 0 or more. Default: no limit; each request has the client's. */
  readonly timeoutInMilliseconds?: number | undefined;
  /** Ends it with its reason: nothing more is asked then. What is purged stays so. */
  readonly signal?: AbortSignal | undefined;
  /** Is told behind each instance. What it throws ends the purge. */
  readonly onProgress?: ((progress: PurgeProgress) => void) | undefined;
}

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

  /** Brings back an instance that had ended. Rejects with InstanceExistsError and ConfigError. */
  async restore(instanceId: string, ended: EndedInstance, options: CallOptions): Promise<void> {
    const instance = restoredInstance(ended, (value) => this.#session.values.encode(value));
    await this.ask(instanceId, { action: 'restore', output: instance as unknown as Json }, undefined, options);
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
  async purgeAll(filter: PurgeFilter, options: PurgeOptions): Promise<number> {
    const waiting = findEnded(this.#session.ports, filter);
    const { recursive = true } = filter;
    const { onProgress, timeoutInMilliseconds, signal } = options;
    let [found, purged] = [0, 0];
    const late = () => cutShort(this.#session.ports.name, timeoutInMilliseconds!, purged);
    return this.#session.waits.run<number>({ timeoutInMilliseconds, signal }, late, async (wait) => {
      const worker = async (): Promise<void> => {
        for (let next = await waiting.next(); !next.done && !wait.isOver; next = await waiting.next()) {
          const { instanceId, runId } = next.value;
          found++;
          if (await this.#purge(instanceId, { action: 'purge', recursive, runId })) purged++;
          if (!wait.isOver) onProgress?.({ found, purged });
        }
      };
      wait.onEnd(() => void waiting.return());
      // Whoever fails ends the purge; the others end with the request that they are at.
      await Promise.all(Array.from({ length: WIDTH }, worker));
      return purged;
    });
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

function cutShort(taskHub: string, milliseconds: number, purged: number): TimeoutError {
  const text = `The purge of task hub ${taskHub} did not end within ${milliseconds} ms: ${purged} instances are purged.`;
  return new TimeoutError(`${text} Call it again for those that are left.`, undefined, 'unknown');
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
