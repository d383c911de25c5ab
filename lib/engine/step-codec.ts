import { decodeForeign, stateFormat, type Decoded } from '../wire/body.js';
import { eitherFormat, formatOf } from '../wire/entity-state.js';
import { failure, historyEvent, inbox, json, token, yes } from '../wire/history-shapes.js';
import { taskIds } from '../wire/task-codec.js';
import type { StepEntry } from '../wire/record.js';
import { head } from '../wire/head-codec.js';
import type { Head } from '../wire/head.js';
import type { JournaledAnswer } from '../wire/journal.js';
import { journaledAnswer } from '../wire/journal-codec.js';
import { address, addressed, message } from '../wire/message-codec.js';
import { notice } from '../wire/answer-codec.js';
import { step } from '../wire/record-codec.js';
import {
  count,
  finite,
  list,
  object,
  oneOf,
  optional,
  ShapeError,
  string,
  tuple,
  variant,
  type Shape,
} from '../wire/shapes.js';
import type { Json } from '../core/values.js';
import type { FailureDetails } from '../errors.js';
import type { Address, Message } from '../wire/messages.js';
import { encodeText } from '../wire/text-encoding.js';
import type { InputBody, PendingActivity, QueryInput, ReadInput, StepOutput } from './activation.js';

/** A step that an owner asks another worker for, whose code that one has registered. */
export interface StepRequest {
  /** 2: as that of what is stored (docs/adr/0057). */
  readonly v: 1 | 2;
  readonly id: string;
  /** The takeover that asks: copies of its instances are no other owner's. */
  readonly owner: string;
  readonly partition: number;
  readonly address: Address;
  /** The step after which the worker's own copy is what the owner has; absent: `head` is. */
  readonly base?: string;
  /** What the owner made of that step, when it is not what the worker said of it. */
  readonly entry?: StepEntry;
  /** The instance as it is now; absent, without a base: there is nothing of it yet. */
  readonly head?: Head;
  /** Where the owner takes the notice of the instance's end, for those who wait for it. */
  readonly watcher?: string;
  readonly input: InputBody;
  /** The owner's time. */
  readonly now: number;
}

/** What the worker says to it. */
export type StepAnswer =
  /**
   * It runs; said again and again until it has ended, with the calls whose answers its operation has not been told, and
   * what the owner has to commit of them (P18).
   */
  | {
      readonly v: 1;
      readonly kind: 'running';
      readonly open?: readonly number[];
      readonly calls?: readonly StepOutput[];
    }
  | { readonly v: 1 | 2; readonly kind: 'done'; readonly output: StepOutput }
  /** The worker has no copy of that base: it needs all. */
  | { readonly v: 1; readonly kind: 'unknown' }
  /** The worker does not run it: it has not registered the name, or stops. */
  | { readonly v: 1; readonly kind: 'refused' }
  /** It could not be run, through no fault of the user's code. */
  | { readonly v: 1; readonly kind: 'failed'; readonly failure: FailureDetails };

/** What the owner of an entity tells the worker that runs its operation: the answer to a call of it (P18). */
export interface RelayedAnswer {
  readonly v: 1;
  /** The step. */
  readonly answersTo: string;
  readonly answer: JournaledAnswer;
}

export function encodeRelayedAnswer(answer: RelayedAnswer): Uint8Array {
  return encodeText(JSON.stringify(answer));
}

export function encodeRequest(request: StepRequest): Uint8Array {
  const { entry = {}, head: whole } = request;
  const v = whole?.type === 'entity' ? whole.v : formatOf([entry]);
  return encodeText(JSON.stringify({ ...request, v }));
}

export function encodeStepAnswer(answer: StepAnswer, to: Address): Uint8Array {
  // A step of a record has its instance in it.
  const whole = (output: StepOutput): object => ({ ...output, entry: { to, ...output.entry } });
  if (answer.kind === 'done') {
    const v = formatOf([answer.output.entry]);
    return encodeText(JSON.stringify({ ...answer, v, output: whole(answer.output) }));
  }
  if (answer.kind === 'running') return encodeText(JSON.stringify({ ...answer, calls: answer.calls?.map(whole) }));
  return encodeText(JSON.stringify(answer));
}

/** Never throws for its content. */
export function decodeRequest(body: Uint8Array): Decoded<StepRequest | RelayedAnswer> {
  return decodeForeign(body, (value) => (isAnswer(value) ? relayedAnswer(value) : request(value)), stateFormat);
}

/** Never throws for its content. */
export function decodeStepAnswer(body: Uint8Array): Decoded<StepAnswer> {
  return decodeForeign(body, answer, stateFormat);
}

const input: Shape<InputBody> = (value) => {
  const kind = (value as { readonly kind?: unknown } | null)?.kind;
  if (kind === 'query') return query(value);
  if (kind === 'read') return read(value);
  return kind === 'due' || kind === 'resume' ? { kind } : (message(value) satisfies Message);
};

const query = object<QueryInput>({ kind: oneOf('query'), name: string, input: optional(json) });

const read = object<ReadInput>({ kind: oneOf('read'), name: string, input: optional(json) });

const request = object<StepRequest>({
  v: eitherFormat,
  id: token,
  owner: token,
  partition: count,
  address,
  base: optional(token),
  entry: optional(step),
  head: optional(head),
  watcher: optional(inbox),
  input,
  now: finite,
});

const isAnswer = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, 'answersTo');

const relayedAnswer = object<RelayedAnswer>({ v: oneOf(1), answersTo: token, answer: journaledAnswer });

const entry: Shape<StepOutput['entry']> = (value) => {
  const { to: _to, mail, local, messages, ...read } = step(value);
  if (mail || local || messages) throw new ShapeError('must be what the step itself says');
  return read;
};

const scheduled: Shape<PendingActivity['request']> = (value) => {
  const event = historyEvent(value);
  if (event.type !== 'TaskScheduled') throw new ShapeError('must be TaskScheduled', '.type');
  return event;
};

const activity = object<PendingActivity>({
  executionId: token,
  request: scheduled,
  attempt: count,
  lost: count,
  givenBack: optional(yes),
});

const output = object<Omit<StepOutput, 'isStored' | 'storesApart'>>({
  entry,
  messages: list(addressed),
  activities: optional(list(activity)),
  queued: optional(list(activity)),
  unwanted: optional(taskIds),
  notices: optional(list(tuple(inbox, notice))),
  answer: optional(
    object<{ result?: Json; failure?: FailureDetails }>({ result: optional(json), failure: optional(failure) }),
  ),
  goesOn: optional(yes),
});

const v = oneOf(1);

const answer = variant<StepAnswer, 'kind'>('kind', {
  running: { v, open: optional(list(count)), calls: optional(list(output)) },
  done: { v: eitherFormat, output },
  unknown: { v },
  refused: { v },
  failed: { v, failure },
});
