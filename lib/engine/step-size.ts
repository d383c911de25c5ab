import { PayloadTooLargeError } from '../errors.js';
import { largestStep } from '../wire/body-limit.js';
import type { StepEntry } from '../wire/record.js';
import { utf8Length } from '../wire/text.js';
import type { PreparedStep } from './group.js';

/** All that one step may bring, in bytes: it is in memory as a whole, several times. */
const LARGEST_STEP = 64 * 1024 * 1024;

/**
 * Why a step cannot be stored; undefined: it can. A step may span several records and its messages several envelopes (P7),
 * but each message and each event has to fit one, and so do the values that a head holds.
 */
export function refusalOfSize(step: PreparedStep, maxBodyBytes: number): PayloadTooLargeError | undefined {
  const limit = largestStep(maxBodyBytes);
  if (step.bytes <= limit) return undefined;
  const what = `What a step of ${step.entry.to} brings`;
  if (step.bytes > LARGEST_STEP) return new PayloadTooLargeError(what, step.bytes, LARGEST_STEP);
  for (const bytes of pieces(step)) if (bytes > limit) return new PayloadTooLargeError(what, bytes, limit);
  return undefined;
}

function* pieces({ entry, outputs }: PreparedStep): Generator<number> {
  for (const [, text] of outputs) yield utf8Length(text);
  for (const message of entry.messages ?? []) yield bytesOf(message);
  for (const event of [...(entry.events ?? []), ...(entry.buffered ?? []), ...(entry.returned ?? [])])
    yield bytesOf(event);
  yield bytesInHead(entry);
  yield bytesOf(entry.outcome);
}

/** What the head takes from the step, beside the input that came with another: a state, or an output and a status. */
function bytesInHead({ state, prepared, customStatus, events = [] }: StepEntry): number {
  const end = events.findLast(({ type }) => endings.has(type));
  return bytesOf(state) + bytesOf(prepared) + bytesOf(customStatus) + bytesOf(end);
}

const endings: ReadonlySet<string> = new Set(['ExecutionCompleted', 'ExecutionFailed', 'ExecutionTerminated']);

function bytesOf(value: unknown): number {
  return value === undefined ? 0 : utf8Length(JSON.stringify(value));
}
