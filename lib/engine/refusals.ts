import { toFailureDetails } from '../core/failure.js';
import type { PerdureError } from '../errors.js';
import type { Addressed, Caller, Message, ResultMessage } from '../wire/messages.js';
import type { StepOutput } from './activation.js';
import { answered } from './outcomes.js';

/** What somebody sent. */
export type Sent = Exclude<Message, ResultMessage>;

/** A message that is consumed and changes nothing: whoever waits for its answer gets the error. */
export function refusalOf(message: Sent, error: PerdureError): StepOutput {
  const failure = toFailureDetails(error);
  const messages: Addressed[] = [];
  const answer = (of: ResultMessage['of'], { address, executionId, taskId }: Caller): void =>
    void messages.push([address, { kind: 'result', of, executionId, taskId, failure }]);
  if (message.kind === 'operation' && message.caller) answer('operation', message.caller);
  if (message.kind === 'start' && message.parent) answer('subOrchestration', message.parent);
  return answered({ entry: { refused: error.message }, messages }, message, { failure });
}
