import type { OrchestrationHandle } from '../../lib/client/orchestration-handle.js';
import type { TaskHubClient } from '../../lib/client/task-hub-client.js';
import {
  ClosedError,
  InstanceReplacedError,
  NotFoundError,
  OrchestrationCanceledError,
  OrchestrationFailedError,
  OrchestrationTerminatedError,
  PerdureError,
  QueryFailedError,
  SessionExpiredError,
  TimeoutError,
  UpdateFailedError,
} from '../../lib/errors.js';
import { jsonEqual } from '../../lib/core/json-equal.js';
import type { Json } from '../../lib/core/values.js';
import type { MemoryConnection } from '../../lib/memory/connection.js';
import type { OrchestrationWatch } from './instance-watch.js';
import {
  noteOf,
  type LifeNoted,
  type LifeStart,
  type LifeStep,
  type LiveAction,
  type SlowKind,
  type Told,
} from './lifecycle-script.js';
import { nothingNoted } from './script.js';

/** What it sees of the world beside. */
interface Listener {
  instance(instanceId: string): OrchestrationWatch | undefined;
  violation(text: string): void;
}

/** What a client was told of something that it asked for, by name. */
export interface ToldAnswer {
  readonly name: string;
  readonly answer: string;
}

/** The wait before a child is looked at again, in virtual milliseconds. */
const AGAIN = 200;

/**
 * What a client does with a life, one step after another, through the real client. Whatever it is told has to be what the
 * log says at that moment (C1); what a step is to bring about the log alone decides (lifecycle-rules.ts).
 */
export class LifeControl {
  readonly script: LiveAction;
  readonly told: ToldAnswer[] = [];
  /** How many events it was told that are stored, of a run that goes on. */
  raised = 0;
  readonly #client: TaskHubClient;
  readonly #connection: MemoryConnection;
  readonly #listener: Listener;
  #handle: OrchestrationHandle<LifeNoted>;
  readonly #underway: Promise<void>[] = [];
  #names = 0;
  #updates = 0;
  /** So many ends are not the one that it waits for. */
  #endsBefore = 0;

  constructor(client: TaskHubClient, connection: MemoryConnection, script: LiveAction, listener: Listener) {
    this.script = script;
    this.#client = client;
    this.#connection = connection;
    this.#listener = listener;
    this.#handle = client.getHandle<LifeNoted>(script.instanceId);
  }

  async run(): Promise<void> {
    for (const step of this.script.steps) await this.#step(step);
    await Promise.all(this.#underway);
  }

  get #watch(): OrchestrationWatch | undefined {
    return this.#listener.instance(this.script.instanceId);
  }

  async #step(step: LifeStep): Promise<void> {
    const handle = this.#handle;
    switch (step.do) {
      case 'starts':
        return void (await Promise.all(step.of.map((one) => this.#start(one))));
      case 'raise':
        return this.#raise(step.count);
      case 'update':
        for (let left = step.count; left > 0; left--)
          this.#underway.push(this.#update('add', 'u', step.isBad ?? false));
        return;
      case 'slow':
        for (const kind of step.of) this.#underway.push(this.#update('slow', kind, step.isBad ?? false));
        return;
      case 'query':
        return this.#query();
      case 'suspend':
      case 'resume': {
        const recursive = step.isDeep ?? false;
        await this.#ask((reason) => handle[step.do](reason, { recursive }));
        if (step.do === 'suspend' && recursive) await this.#seeSuspended();
        return;
      }
      case 'cancel':
        return this.#ask((reason) => handle.cancel(reason));
      case 'terminate': {
        const recursive = !(step.isShallow ?? false);
        return this.#ask((reason) => handle.terminate(`ended ${this.script.name}`, { reason, recursive }));
      }
      case 'rewind':
        await this.#ask((reason) => handle.rewind(reason));
        this.#endsBefore = this.told.at(-1)?.answer === 'ok' ? (this.#watch?.life.rewoundAt ?? 0) : this.#endsBefore;
        return;
      case 'restart':
        return this.#restart();
      case 'purge':
        return this.#purge();
      case 'end':
        return this.#end();
      case 'pause':
        return this.#pause(step.milliseconds);
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.#connection.later(milliseconds, resolve));
  }

  /** What it is told under a name is what the log says was answered to that, stored before (C1). */
  async #answered(name: string, asked: Promise<unknown>): Promise<string | undefined> {
    const answer = await answerTo(asked);
    if (answer === undefined) return undefined;
    this.told.push({ name, answer });
    const stored = this.#watch?.life.answers.get(name);
    if (stored !== answer)
      this.#violation(`C1: ${name} was answered with ${answer}, and the log says ${stored ?? 'nothing of it'}`);
    return answer;
  }

  async #ask(ask: (reason: string) => Promise<void>): Promise<void> {
    const reason = `${this.script.name}#${this.#names++}`;
    await this.#answered(reason, ask(reason));
  }

  async #start({ token, actions, ifExists, later, isShort }: LifeStart): Promise<void> {
    const { instanceId } = this.script;
    const script = { token, actions, noted: { ...nothingNoted, token, updates: [] } };
    const startAt = later === undefined ? undefined : new Date(this.#connection.clock.now() + later);
    const starting = this.#client.startNew<LifeNoted>(isShort ? 'short' : 'life', script, {
      instanceId,
      ifExists,
      startAt,
    });
    const answer = await this.#answered(token, starting);
    if (answer === 'ok') this.#handle = await starting;
  }

  async #raise(count: number): Promise<void> {
    for (let left = count; left > 0; left--) {
      const note = noteOf(this.script.name, this.raised++);
      const answer = await answerTo(this.#handle.raiseEvent('note', note));
      if (answer !== undefined && answer !== 'ok' && answer !== 'PERDURE_NOT_FOUND')
        this.#violation(`${note} was refused with ${answer}`);
    }
  }

  /** An answer says how many updates there were by then: this is one of them, at that place, from then on. */
  async #update(handler: 'add' | 'slow', kind: 'u' | SlowKind, isBad: boolean): Promise<void> {
    const name = `${this.script.name}${isBad ? 'bad' : 'u'}${kind === 'u' ? '' : kind}:${this.#updates++}`;
    const updating = this.#handle.update<number>(handler, name);
    const answer = await this.#answered(name, updating);
    if (answer === undefined) return;
    const isRefused = answer.startsWith('PERDURE_');
    const isNumber = !Number.isNaN(Number(answer));
    if (!isRefused && (isBad ? answer !== 'Error' : !isNumber)) this.#violation(`${name} was answered with ${answer}`);
    if (!isNumber) return;
    const life = this.#watch?.life;
    if (life && !life.updates.includes(name) && life.ends.length === 0 && life.purges === 0)
      this.#violation(`${name} was answered with ${answer}, and is not among ${JSON.stringify(life.updates)}`);
  }

  /** C11: all updates that were stored when it was asked, none that was not when it was answered. */
  async #query(): Promise<void> {
    const before = [...(this.#watch?.life.updates ?? [])];
    const runs = this.#watch?.life.runs.length;
    let told: Told;
    try {
      told = await this.#handle.query<Told>('look');
    } catch (error) {
      if (error instanceof NotFoundError || isUnknown(error)) return;
      // One that ended before it began, or is between two executions, has no object; another run may be asked.
      if (error instanceof QueryFailedError && this.#isWithoutObject) return;
      return this.#violation(`a query failed: ${String(error)}`);
    }
    const life = this.#watch?.life;
    if (!life || runs !== life.runs.length) return; // another run
    const what = `C11: a query of ${this.script.name} was told ${JSON.stringify(told.updates)}`;
    if (!isPrefix(before, told.updates)) this.#violation(`${what} when ${JSON.stringify(before)} were stored`);
    if (!isPrefix(told.updates, life.updates))
      this.#violation(`${what} when only ${JSON.stringify(life.updates)} were stored`);
  }

  get #isWithoutObject(): boolean {
    const watch = this.#watch;
    return !watch || watch.isPending || watch.started?.startAt !== undefined || watch.status === 'ContinuedAsNew';
  }

  /** All children that it waits for are suspended with it, unless they have ended by then. */
  async #seeSuspended(): Promise<void> {
    const watch = this.#watch;
    if (!watch?.isSuspended) return;
    for (const child of watch.children)
      for (let isSeen = false; !isSeen && watch.isSuspended; await this.#pause(AGAIN)) {
        const found = this.#listener.instance(child);
        isSeen = found !== undefined && (found.hasEnded || found.isSuspended || found.status === 'ContinuedAsNew');
      }
  }

  async #restart(): Promise<void> {
    const runs = this.#watch?.life.runs.length ?? 0;
    const restarting = this.#handle.restart();
    const answer = await answerTo(restarting);
    if (answer === undefined) return;
    const now = this.#watch?.life.runs.length ?? 0;
    if (answer === 'ok' && now <= runs) this.#violation(`C1: a restart of ${this.script.name} was not stored`);
    if (answer === 'ok') this.#handle = await restarting;
    else if (!refusals.has(answer)) this.#violation(`a restart was refused with ${answer}`);
  }

  async #purge(): Promise<void> {
    const purges = this.#watch?.life.purges ?? 0;
    const answer = await answerTo(this.#handle.purge());
    if (answer === undefined) return;
    const now = this.#watch?.life.purges ?? 0;
    if (answer === 'ok' && now <= purges) this.#violation(`C1: a purge of ${this.script.name} was not stored`);
    if (answer !== 'ok' && !refusals.has(answer)) this.#violation(`a purge was refused with ${answer}`);
  }

  /** The end that it is told is stored, and not that of an execution which was rewound before it asked. */
  async #end(): Promise<void> {
    const from = this.#endsBefore;
    const seen = await endOf(this.#handle);
    const life = this.#watch?.life;
    if (seen === undefined) return;
    const { status, output } = seen;
    if (status === 'Replaced' ? (life?.runs.length ?? 0) > 1 : status === 'NotFound' && life?.purges !== 0) return;
    const isStored = life?.ends
      .slice(from)
      .some((end) => end.status === status && (output === undefined || jsonEqual(output, end.output)));
    if (!isStored)
      this.#violation(
        `C1: ${this.script.name} was told that it is ${status} with ${JSON.stringify(output)}, and the log says ${JSON.stringify(life?.ends.slice(from))}`,
      );
  }

  #violation(text: string): void {
    this.#listener.violation(`${this.script.instanceId}: ${text}`);
  }
}

/** What restart and purge may be refused with: rules of the log say when. */
const refusals: ReadonlySet<string> = new Set([
  'PERDURE_INSTANCE_NOT_ENDED',
  'PERDURE_INSTANCE_REPLACED',
  'PERDURE_NOT_FOUND',
]);

/** What is not known to the client: it may have been carried out or not. */
function isUnknown(error: unknown): boolean {
  return error instanceof TimeoutError || error instanceof ClosedError || error instanceof SessionExpiredError;
}

/** `ok`, a number that was answered, or the code of the refusal; undefined: the client does not know. */
async function answerTo(asked: Promise<unknown>): Promise<string | undefined> {
  try {
    const answer = await asked;
    return typeof answer === 'number' ? String(answer) : 'ok';
  } catch (error) {
    if (isUnknown(error)) return undefined;
    if (!(error instanceof PerdureError)) throw error;
    // As its handler threw it, or why it did not come to its end.
    if (error instanceof UpdateFailedError) return error.failureDetails.code ?? error.failureDetails.name;
    return error.code;
  }
}

/** How a run ended; undefined: the client was not told. */
async function endOf(
  handle: OrchestrationHandle<LifeNoted>,
): Promise<{ readonly status: string; readonly output?: Json } | undefined> {
  try {
    return { status: 'Completed', output: (await handle.result()) as unknown as Json };
  } catch (error) {
    if (isUnknown(error)) return undefined;
    if (error instanceof OrchestrationFailedError) return { status: 'Failed' };
    if (error instanceof OrchestrationTerminatedError) return { status: 'Terminated' };
    if (error instanceof OrchestrationCanceledError) return { status: 'Canceled' };
    if (error instanceof InstanceReplacedError) return { status: 'Replaced' };
    if (error instanceof NotFoundError) return { status: 'NotFound' };
    throw error;
  }
}

function isPrefix(short: readonly string[], long: readonly string[]): boolean {
  return short.every((item, at) => long[at] === item);
}
