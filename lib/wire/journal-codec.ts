import { failure, json, token } from './history-shapes.js';
import type { Journal, JournaledAnswer, JournaledCall } from './journal.js';
import { address } from './message-codec.js';
import { count, list, object, optional, string } from './shapes.js';
import { valueReference } from './value-references.js';

const call = { number: count, to: address, operation: string, input: string };

const answer = { result: optional(json), resultRef: optional(valueReference), failure: optional(failure) };

export const startedCall = object<JournaledCall & { readonly journal: string }>({ journal: token, ...call });

export const journaledAnswer = object<JournaledAnswer>({ number: count, ...answer });

export const journal = object<Journal>({
  id: token,
  calls: list(object<Journal['calls'][number]>({ ...call, answer: optional(object<Omit<JournaledAnswer, 'number'>>(answer)) })),
});
