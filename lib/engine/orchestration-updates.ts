import { toFailureDetails } from '../core/failure.js';
import type { ClosingEvent, InboundEvent, UpdateRequested } from '../core/history.js';
import { jsonEqual } from '../core/json-equal.js';
import { isClosing } from '../core/replay-check.js';
import type { HandlerOutcome, UpdateCall } from '../core/turn.js';
import {
  InstanceEndedError,
  InstanceReplacedError,
  NotFoundError,
  UpdateCutOffError,
  type FailureDetails,
} from '../errors.js';
import { parseAddress } from '../wire/addresses.js';
import type { Address, UpdateMessage } from '../wire/messages.js';
import type { Notice } from '../wire/queries.js';
import type { Outcome } from '../wire/record.js';
import type { StepOutput } from './activation.js';
import { isMeantRun, isOperationAnswer } from './orchestration-inputs.js';
import type { OrchestrationState } from './orchestration-state.js';
import { refusalOf } from './refusals.js';

/** What a client is told of its update, and where. */
export interface AnsweredUpdate {
  readonly outcome: Outcome;
  readonly notice: readonly [inbox: string, notice: Notice];
}

/** What an update has come to, and whether its code says so. */
export type ToldOutcome = HandlerOutcome & Pick<Outcome, 'thrown'>;

/** What the handler of an update has come to: a failure is its own, whatever it says of itself. */
export function saidByCode(outcome: HandlerOutcome): ToldOutcome {
  return 'failure' in outcome ? { ...outcome, thrown: true } : outcome;
}

/** The event of an update. */
export function updateEvent({ name, input, inputRef, id, reply }: UpdateMessage, at: number): UpdateRequested {
  return {
    type: 'UpdateRequested',
    at,
    name,
    ...(inputRef ? { inputRef } : input !== undefined && { input }),
    ...(id !== undefined && { updateId: id }),
    ...(reply !== undefined && { reply }),
  };
}

/** What refuses an update that finds no execution which could take it; undefined: there is one. */
export function refusedUpdate(
  message: UpdateMessage,
  { started, isEnded }: Pick<OrchestrationState, 'started' | 'isEnded'>,
  instanceId: string,
): StepOutput | undefined {
  if (!started) return refusalOf(message, new NotFoundError(instanceId));
  if (!isMeantRun(started, message)) return refusalOf(message, new InstanceReplacedError(instanceId));
  return isEnded ? refusalOf(message, new InstanceEndedError(instanceId)) : undefined;
}

/** The outcome of an update; undefined: nobody waits for it. */
export function answerTo({ updateId: id, reply }: UpdateCall, told: ToldOutcome): AnsweredUpdate | undefined {
  if (id === undefined || reply === undefined) return undefined;
  const outcome = { id, ...told };
  return { outcome, notice: [reply, { v: 1, kind: 'outcome', outcome }] };
}

/**
 * An update as it is to be recorded, its input by reference if it was sent so and is recorded as it was sent; or why it is
 * refused, before any code of its handler has run.
 */
export function acceptedUpdate(
  event: UpdateRequested,
  whole: (event: UpdateRequested) => UpdateRequested,
  accept: (event: UpdateRequested) => UpdateRequested,
): UpdateRequested | Extract<HandlerOutcome, { failure: unknown }> {
  try {
    const sent = whole(event);
    const accepted = accept(sent);
    return event.inputRef && jsonEqual(accepted.input, sent.input) ? event : accepted;
  } catch (error) {
    return { failure: toFailureDetails(error) };
  }
}

/** What the caller of an update is told whose handler waits when its execution ends. */
export function cutOff({ name }: UpdateRequested, { type }: ClosingEvent, address: Address): FailureDetails {
  const addressee = parseAddress(address);
  const instanceId = addressee.kind === 'orchestration' ? addressee.instanceId : address;
  const error =
    type === 'ContinuedAsNew' ? new UpdateCutOffError(instanceId, name) : new InstanceEndedError(instanceId);
  return toFailureDetails(error);
}

/** With an answer for the updates that were held back, when the step ends the instance: they find nobody any more. */
export function answeredAtEnd(output: StepOutput, held: readonly InboundEvent[], instanceId: string): StepOutput {
  if (held.length === 0) return output;
  const last = output.entry.events?.findLast((event) => !isOperationAnswer(event));
  if (!last || !isClosing(last) || last.type === 'ContinuedAsNew') return output;
  const { outcomes = [] } = output.entry;
  const known = new Set(outcomes.map(({ id }) => id));
  const failure = toFailureDetails(new InstanceEndedError(instanceId));
  const answers = held.flatMap((event) => {
    const answer = event.type === 'UpdateRequested' ? answerTo(event, { failure }) : undefined;
    return answer && !known.has(answer.outcome.id) ? [answer] : [];
  });
  if (answers.length === 0) return output;
  return {
    ...output,
    entry: { ...output.entry, outcomes: [...outcomes, ...answers.map(({ outcome }) => outcome)] },
    notices: [...answers.map(({ notice }) => notice), ...(output.notices ?? [])],
  };
}
