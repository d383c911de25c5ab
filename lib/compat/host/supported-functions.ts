import { ConfigError } from '../../errors.js';
import { isClientInput } from '../durable/get-client.js';
import type { FunctionTrigger } from '../functions/bindings.js';
import type { RegisteredFunction } from '../functions/registered-function.js';
import { queueOf } from './queue-names.js';

const triggers: ReadonlySet<string> = new Set([
  'activityTrigger',
  'entityTrigger',
  'httpTrigger',
  'orchestrationTrigger',
  'timerTrigger',
  'warmupTrigger',
]);

const contextOnly: ReadonlySet<string> = new Set(['entityTrigger', 'orchestrationTrigger']);

/**
 * Throws ConfigError that names every function which needs what only Azure has, or whose code is wrapped by the original: that of an
 * orchestrator or entity takes a context and nothing else, that of the original what its host sends, and a context.
 */
export function checkSupported(functions: readonly RegisteredFunction[]): void {
  const wrapped = functions.find(({ handler, options }) => contextOnly.has(options.trigger.type) && handler.length > 1);
  if (wrapped)
    throw new ConfigError(
      `${wrapped.name}: its module is a bundle with durable-functions inside, which cannot be replaced there. Leave the package ` +
        'outside, such as with esbuild --external:durable-functions, and build it again.',
    );
  const missing = Array.from(functions, missingOf).filter((text) => text !== undefined);
  if (missing.length === 0) return;
  throw new ConfigError(
    `These functions need services that only Azure has:\n${missing.map((text) => `  ${text}`).join('\n')}\n` +
      'Start orchestrations and signal entities from a client of Perdure instead, such as in a subscriber of NATS, or leave these modules out.',
  );
}

function missingOf({ name, options }: RegisteredFunction): string | undefined {
  const { trigger, extraInputs, extraOutputs, return: result } = options;
  const hasOutputs = !contextOnly.has(trigger.type);
  const inputs = extraInputs.filter((input) => !isClientInput(input)).map(({ type }) => `the input ${type}`);
  const outputs = [...extraOutputs, ...(result ? [result] : [])]
    .filter((output) => output.type !== 'http' && !(hasOutputs && queueOf(output)))
    .map((output) => `the output ${described(output)}`);
  const isThere = triggers.has(trigger.type) || queueOf(trigger) !== undefined;
  const needed = [...(isThere ? [] : [`the trigger ${described(trigger)}`]), ...inputs, ...outputs];
  return needed.length === 0 ? undefined : `${name}: ${needed.join(', ')}`;
}

/** Of Service Bus some things are there, and others are not. */
function described({ type, topicName, isSessionsEnabled, sdkBinding }: FunctionTrigger): string {
  const what = [
    ...(topicName === undefined ? [] : ['a topic']),
    ...(isSessionsEnabled === true ? ['sessions'] : []),
    ...(sdkBinding === true ? ['clients of the SDK'] : []),
  ];
  return what.length === 0 ? type : `${type} with ${what.join(' and ')}`;
}
