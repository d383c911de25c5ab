import { failure, json, token } from './history-shapes.js';
import type { Journal, JournaledAnswer, StartedCall } from './journal.js';
import { address } from './message-codec.js';
import { count, list, object, optional, string } from './shapes.js';
import { valueReference } from './value-references.js';

const call = { number: count, to: address, operation: string, input: string };

const answer = { result: optional(json), resultRef: optional(valueReference), failure: optional(failure) };

export const startedCall = object<StartedCall>({ journal: token, of: token, ...call });

export const journaledAnswer = object<JournaledAnswer>({ number: count, ...answer });

export const committedAnswer = object<JournaledAnswer & { readonly journal: string }>({
  journal: token,
  number: count,
  ...answer,
});

export const journal = object<Journal>({
  id: token,
  of: token,
  calls: list(
    object<Journal['calls'][number]>({ ...call, answer: optional(object<Omit<JournaledAnswer, 'number'>>(answer)) }),
  ),
});
