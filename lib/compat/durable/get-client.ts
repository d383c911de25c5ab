import type { FunctionInput } from '../functions/bindings.js';
import type { InvocationContext } from '../functions/invocation-context.js';
import { DurableClient } from './durable-client.js';

/** Whether an input of a function is a client. */
export function isClientInput({ type }: FunctionInput): boolean {
  return type === 'durableClient' || type === 'orchestrationClient';
}

/**
 * The client of a function that has one among its inputs.
 *
 * @example
 * ```ts
 * import { app } from 'perdure/azure-functions';
 * import * as df from 'perdure/durable-functions';
 *
 * app.http('start', {
 *   route: 'orchestrators/{name}',
 *   extraInputs: [df.input.durableClient()],
 *   handler: async (request, context) => {
 *     const client = df.getClient(context);
 *     const instanceId = await client.startNew(request.params['name']!, { input: await request.json() });
 *     return client.createCheckStatusResponse(request, instanceId);
 *   },
 * });
 * ```
 */
export function getClient(context: InvocationContext): DurableClient {
  const input = context.options.extraInputs.find(isClientInput);
  if (!input)
    throw new Error(
      'Could not find a registered durable client input binding. Check your extraInputs definition when registering your function.',
    );
  const client: unknown = context.extraInputs.get(input);
  if (client instanceof DurableClient) return client;
  throw new Error(
    'Received input is not a valid durable client input. Check your extraInputs definition when registering your function.',
  );
}
