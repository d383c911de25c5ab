import type { TaskHubClient } from '../../lib/client/task-hub-client.js';
import { EntityOperationFailedError } from '../../lib/errors.js';
import type { JarAction } from './jar-script.js';

/** What a client was told of what it did with jars, in the order in which it did that. */
export interface SeenJar {
  readonly action: JarAction;
  /** Of a put: its place in the jar, from 1. Of a deletion: whether there was a jar. */
  told?: number | boolean | 'refused';
}

/** What a client does with a jar. */
export async function handleJar(client: TaskHubClient, action: JarAction, seen: SeenJar[]): Promise<void> {
  const one: SeenJar = { action };
  seen.push(one);
  if (action.do === 'discard') one.told = await client.entities.delete('jar', action.jar);
  else if (action.isRefused)
    one.told = await client.callEntity<number>('jar', action.jar, 'spill', action.id).catch((error: unknown) => {
      if (error instanceof EntityOperationFailedError && error.message.includes(action.id)) return 'refused' as const;
      throw error;
    });
  else one.told = await client.callEntity<number>('jar', action.jar, 'put', action.id);
}
