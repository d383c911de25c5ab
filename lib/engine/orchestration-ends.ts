import type { ClosingEvent } from '../core/history.js';
import { OrchestrationCanceledError, OrchestrationTerminatedError, type FailureDetails } from '../errors.js';
import { parseAddress } from '../wire/addresses.js';
import type { Address, ResultMessage } from '../wire/messages.js';
import type { Notice } from '../wire/queries.js';

type Ended = Exclude<ClosingEvent, { type: 'ContinuedAsNew' }>;

/** What those who wait for the end of an instance are told of it. */
export function toldAtEnd(
  ended: Ended,
): Pick<Extract<Notice, { kind: 'ended' }>, 'output' | 'outputRef' | 'failure' | 'reason'> {
  if (ended.type === 'ExecutionFailed') return { failure: ended.failure };
  const reason = 'reason' in ended && ended.reason !== undefined && { reason: ended.reason };
  if (ended.type === 'ExecutionCanceled') return { ...reason };
  const { output, outputRef } = ended;
  return { ...(outputRef && { outputRef }), ...(output !== undefined && { output }), ...reason };
}

/** What the instance that waits for a child is told: its result, or that it has none. */
export function toldToParent(ended: Ended, child: Address): Pick<ResultMessage, 'result' | 'failure'> {
  if (ended.type === 'ExecutionCompleted') return ended.output === undefined ? {} : { result: ended.output };
  if (ended.type === 'ExecutionFailed') return { failure: ended.failure };
  const addressee = parseAddress(child);
  const instanceId = addressee.kind === 'orchestration' ? addressee.instanceId : child;
  const error =
    ended.type === 'ExecutionTerminated'
      ? new OrchestrationTerminatedError(instanceId, ended.reason)
      : new OrchestrationCanceledError(instanceId, ended.reason);
  return { failure: detailsOf(error) };
}

/** Of an error that was thrown nowhere: without a stack. */
function detailsOf({ name, message, code }: OrchestrationTerminatedError | OrchestrationCanceledError): FailureDetails {
  return { name, message, code };
}
