import type { EntityId } from '../core/history.js';
import { labelsOf } from '../core/labels.js';
import type { EntityMessage, OperationOutcome } from '../core/operation.js';
import type { FailureDetails } from '../errors.js';
import { entityAddress, orchestrationAddress } from '../wire/addresses.js';
import type { Addressed, OperationMessage, ResultMessage } from '../wire/messages.js';
import type { StepOutput } from './activation.js';
import type { Logger } from './ports.js';

/** What an operation sent, as a message. */
export function sentBy(sent: EntityMessage): Addressed {
  const input = sent.input === undefined ? {} : { input: sent.input };
  switch (sent.type) {
    case 'signal': {
      const due = sent.due === undefined ? {} : { due: sent.due };
      return [entityAddress(sent.entity), { kind: 'operation', name: sent.operation, ...input, ...due }];
    }
    case 'start': {
      const startAt = sent.startAt === undefined ? {} : { startAt: sent.startAt };
      const { instanceId, name } = sent;
      return [orchestrationAddress(instanceId), { kind: 'start', name, ...input, ...labelsOf(sent), ...startAt }];
    }
    case 'event':
      return [orchestrationAddress(sent.instanceId), { kind: 'event', name: sent.name, ...input }];
  }
}

/** The answer to a call of an operation, for the instance that waits for it. */
export function resultFor(
  { address, executionId, taskId }: NonNullable<OperationMessage['caller']>,
  told: Pick<ResultMessage, 'result' | 'failure'>,
): Addressed {
  return [address, { kind: 'result', of: 'operation', executionId, taskId, ...told }];
}

/** The step of a readonly operation; without an outcome it was not carried out. */
export function answerOf(outcome?: OperationOutcome): StepOutput {
  const { result, failure } = outcome ?? {};
  const answer = outcome && (failure ? { failure } : { ...(result !== undefined && { result }) });
  return { entry: { refused: 'A readonly operation changes nothing' }, messages: [], answer };
}

/** Nobody waits for a signal: only the log can tell of its failure. */
export function logFailure(
  logger: Logger,
  id: EntityId,
  { name: operation }: OperationMessage,
  { name, message }: FailureDetails,
): void {
  logger.warn('A signalled operation failed', {
    instance: entityAddress(id),
    operation,
    failure: `${name}: ${message}`,
  });
}
