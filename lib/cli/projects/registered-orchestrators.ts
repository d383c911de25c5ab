import { setTimeout as delay } from 'node:timers/promises';
import { isReservedName } from '../../definitions/name-rule.js';
import type { TaskHub } from '../../nats/task-hub.js';
import { decodeKnownNames } from '../../wire/answer-codec.js';

/** The pause between two looks, in milliseconds. */
const PAUSE = 50;

/** The orchestrators that workers of a hub have registered, once there is a worker that has; none: it is not wanted any more. */
export async function registeredOrchestrators(hub: TaskHub, signal: AbortSignal): Promise<readonly string[]> {
  while (!signal.aborted) {
    const entry = await hub.ports.store.get('names');
    if (entry) {
      const { orchestrators } = decodeKnownNames(entry.value, 'The list of registered names');
      return orchestrators.filter((name) => !isReservedName(name));
    }
    await delay(PAUSE);
  }
  return [];
}
