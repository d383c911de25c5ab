import { randomUUID } from 'node:crypto';
import { format } from 'node:util';
import type { LogLevel } from '../functions/bindings.js';
import { hooksOf, LogHookContext, PostInvocationContext, PreInvocationContext } from '../functions/hook.js';
import { InvocationContext } from '../functions/invocation-context.js';
import type { RegisteredFunction } from '../functions/registered-function.js';
import type { DurableClient } from '../durable/durable-client.js';
import { isClientInput } from '../durable/get-client.js';

/** Writes a line of a function. */
export type WriteLine = (level: LogLevel, line: string, functionName: string) => void;

/** Makes the contexts of invocations, and carries invocations out. */
export class Invocations {
  readonly #write: WriteLine;
  readonly #client: () => DurableClient;

  constructor(write: WriteLine, client: () => DurableClient) {
    this.#write = write;
    this.#client = client;
  }

  readonly contextOf = ({ name, options }: RegisteredFunction, isSilent?: () => boolean): InvocationContext => {
    const context: InvocationContext = new InvocationContext({
      functionName: name,
      invocationId: randomUUID(),
      options,
      logHandler: (level, ...args) => {
        if (isSilent?.()) return;
        const hooked = new LogHookContext({ invocationContext: context, level, message: format(...args) });
        for (const hook of hooksOf('log')) hook(hooked);
        this.#write(hooked.level, hooked.message, name);
      },
    });
    for (const input of options.extraInputs) if (isClientInput(input)) context.extraInputs.set(input, this.#client());
    return context;
  };

  readonly invoke = async (
    { handler }: RegisteredFunction,
    context: InvocationContext,
    input: unknown,
  ): Promise<unknown> => {
    const hookData: Record<string, unknown> = {};
    const before = new PreInvocationContext({
      hookData,
      invocationContext: context,
      inputs: [input],
      functionCallback: handler,
    });
    for (const hook of hooksOf('preInvocation')) await hook(before);
    const after = new PostInvocationContext({ hookData, invocationContext: context, inputs: before.inputs });
    try {
      after.result = await (before.functionHandler(before.inputs[0], context) as Promise<unknown>);
    } catch (error) {
      after.error = error ?? new Error('A function has thrown nothing.');
    }
    for (const hook of hooksOf('postInvocation')) await hook(after);
    if (after.error !== undefined && after.error !== null) throw after.error as Error;
    return after.result;
  };
}
