import { ConfigError } from '../../errors.js';
import { isClientInput } from '../durable/get-client.js';
import type { RegisteredFunction } from '../functions/registered-function.js';

const triggers: ReadonlySet<string> = new Set([
  'activityTrigger',
  'entityTrigger',
  'httpTrigger',
  'orchestrationTrigger',
  'timerTrigger',
  'warmupTrigger',
]);

/** Throws ConfigError that names every function which needs what only Azure has. */
export function checkSupported(functions: Iterable<RegisteredFunction>): void {
  const missing = Array.from(functions, missingOf).filter((text) => text !== undefined);
  if (missing.length === 0) return;
  throw new ConfigError(
    `These functions need services that only Azure has:\n${missing.map((text) => `  ${text}`).join('\n')}\n` +
      'Start orchestrations and signal entities from a client of Perdure instead, such as in a subscriber of NATS, or leave these modules out.',
  );
}

function missingOf({ name, options }: RegisteredFunction): string | undefined {
  const { trigger, extraInputs, extraOutputs, return: result } = options;
  const inputs = extraInputs.filter((input) => !isClientInput(input)).map(({ type }) => `the input ${type}`);
  const outputs = [...extraOutputs, ...(result ? [result] : [])]
    .filter(({ type }) => type !== 'http')
    .map(({ type }) => `the output ${type}`);
  const needed = [...(triggers.has(trigger.type) ? [] : [`the trigger ${trigger.type}`]), ...inputs, ...outputs];
  return needed.length === 0 ? undefined : `${name}: ${needed.join(', ')}`;
}
