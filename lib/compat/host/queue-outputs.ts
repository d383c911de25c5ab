import type { InvocationContext } from '../functions/invocation-context.js';
import { messagesOf, type QueueMessages } from './queue-messages.js';
import { queueOf } from './queue-names.js';

/** Stores what an invocation has given in the queues that are its outputs: its result, and what `context.extraOutputs` has. */
export async function sendOutputs(
  { options, extraOutputs }: InvocationContext,
  result: unknown,
  messages: QueueMessages,
): Promise<void> {
  const given = [
    ...(options.return ? [[options.return, result] as const] : []),
    ...options.extraOutputs.map((output) => [output, extraOutputs.get(output)] as const),
  ];
  for (const [output, value] of given) {
    const queue = queueOf(output);
    if (queue) for (const body of messagesOf(value)) await messages.send(queue, body);
  }
}
