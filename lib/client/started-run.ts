import type { LabelOptions, Labels } from '../core/labels.js';
import type { OrchestratorShape } from '../core/names.js';
import type { Json, ValueCodec } from '../core/values.js';
import { uuidV5 } from '../core/uuid-v5.js';
import { longestDuration } from '../core/fire-time.js';
import { ConfigError, InvalidTimeError } from '../errors.js';
import type { StartMessage } from '../wire/messages.js';
import type { End, OrchestrationStatus } from './orchestration-status.js';
import type { CallOptions, Limits } from './waits.js';

/** How an orchestration instance is started. */
export interface StartOptions extends LabelOptions, CallOptions {
  /**
   * The instance's id: 1 to 256 bytes of UTF-8, without control characters and `/ \ # ?`, not starting with `@`. That
   * of an instance that has ended may be used again. Default: a new one of 22 letters and digits.
   */
  readonly instanceId?: string | undefined;
  /**
   * A text that names this start, such as the id of the order that it is for: 1 to 1,000 characters. Of all starts of the
   * orchestrator with the same key, whoever makes them, one begins an instance, and each resolves with its handle, ended or
   * not, until it is purged. So a start of which it is not known whether it is stored can be made again. The instance's id follows from the key; it is
   * not given along with an `instanceId` or `ifExists`. Default: each start is another one.
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * What becomes of an instance of this id that is there already; decided where the instance is, so that of many starts at
   * once one holds. `reject`: one that has not ended refuses the start with InstanceExistsError, one that has ended makes
   * way. `attach`: the handle is that of the instance that is there, ended or not, and nothing is started. `replace`: one
   * that has not ended is terminated with its sub-orchestrations, and makes way. Default `reject`.
   */
  readonly ifExists?: 'reject' | 'attach' | 'replace' | undefined;
  /**
   * When the instance is to begin, by the server's clock, at most 100 years from now: until then it is `Pending`. Default: at
   * once, as when it is past.
   */
  readonly startAt?: Date | undefined;
}

/** The id of the instance that starts with a key begin. Throws ConfigError for a key that is none, and what does not go with it. */
export function idOfKey(orchestrator: string, { idempotencyKey: key, instanceId, ifExists }: StartOptions): string {
  if (typeof key !== 'string' || key.length < 1 || key.length > LONGEST_KEY)
    throw new ConfigError(`idempotencyKey: must be a text of 1 to ${LONGEST_KEY} characters`);
  if (hasControlCharacter(key)) throw new ConfigError('idempotencyKey: must not have a control character');
  if (instanceId !== undefined || ifExists !== undefined)
    throw new ConfigError(
      `idempotencyKey: cannot be given along with ${instanceId === undefined ? 'ifExists' : 'instanceId'}. A start with an id of ` +
        "your own is made once with ifExists: 'attach'.",
    );
  return uuidV5(JSON.stringify(['start', orchestrator, key]));
}

const LONGEST_KEY = 1_000;

function hasControlCharacter(text: string): boolean {
  return Array.from(text).some((character) => character < ' ' || character === '\x7f');
}

/** What is to be started. */
export interface Start {
  readonly shape: OrchestratorShape;
  readonly input: unknown;
  readonly options: StartOptions;
}

/** A start whose input is encoded. */
export interface PreparedStart {
  readonly shape: OrchestratorShape;
  readonly name: string;
  readonly encoded: { readonly input?: Json };
  readonly labels: Labels;
  readonly instanceId: string;
  /** Whether the caller chose the id. */
  readonly isGiven: boolean;
  /** What the message says beside, of when it is to begin and of what is there already. */
  readonly conditions: Pick<StartMessage, 'startAt' | 'ifExists'>;
  readonly limits: Limits;
}

/** What a start says of when it is to begin, and of what is there. Throws ConfigError or InvalidTimeError. */
export function conditionsOf({ ifExists, startAt }: StartOptions, now: number): PreparedStart['conditions'] {
  if (ifExists !== undefined && !policies.includes(ifExists))
    throw new ConfigError(`ifExists: must be one of ${policies.join(', ')}, not ${String(ifExists)}`);
  return {
    ...(ifExists !== undefined && ifExists !== 'reject' && { ifExists }),
    ...(startAt !== undefined && { startAt: startTime(startAt, now) }),
  };
}

const policies: readonly string[] = ['reject', 'attach', 'replace'];

function startTime(startAt: unknown, now: number): number {
  const at = startAt instanceof Date ? startAt.getTime() : NaN;
  if (Number.isNaN(at)) throw new InvalidTimeError('startAt: must be a Date, and a valid one.');
  if (at - now > longestDuration) throw new InvalidTimeError('startAt: must not be more than 100 years from now.');
  return at;
}

/** A run that this client started. Until an owner has shown it, not finding it proves nothing. */
export interface StartedRun extends Labels {
  readonly name: string;
  readonly input?: Json;
  /** When it was stored, in milliseconds since 1970. */
  readonly storedAt: number;
  isSeen: boolean;
  /** Which run of the instance it is; undefined until an owner has told, who may be of a former version: the first one then. */
  runId?: string | undefined;
  /** Once it is known. */
  end?: End;
}

/** A run that may have been started elsewhere: what it is, its owner tells. */
export function knownRun(runId: string): StartedRun {
  return { name: '', storedAt: 0, isSeen: true, runId };
}

/** What a message of a handle says of the run that it is for. */
export function meant(run: StartedRun | undefined): { readonly runId?: string } {
  return run?.runId === undefined ? {} : { runId: run.runId };
}

/** Whether what an owner told is of this run. */
export function isOf(run: StartedRun, runId: string): boolean {
  run.runId ??= runId;
  run.isSeen = true;
  return run.runId === runId;
}

/** The status of a run whose start is stored, and which no worker has taken yet. */
export function pendingStatus(instanceId: string, run: StartedRun, values: ValueCodec): OrchestrationStatus {
  const { name, input, version, tags = {}, memo, storedAt } = run;
  return {
    instanceId,
    name,
    executionId: undefined,
    runtimeStatus: 'Pending',
    source: 'view',
    createdTime: new Date(storedAt),
    lastUpdatedTime: new Date(storedAt),
    historyLength: 0,
    nameWithoutWorker: undefined,
    input: values.decode(input),
    version,
    tags: { ...tags },
    memo: values.decode(memo),
    output: undefined,
    customStatus: undefined,
    failure: undefined,
    reason: undefined,
  };
}
