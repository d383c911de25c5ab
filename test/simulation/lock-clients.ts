import type { TaskHubClient } from '../../lib/client/task-hub-client.js';
import { InstanceEndedError, InstanceReplacedError } from '../../lib/errors.js';
import type { SectionAction } from './lock-script.js';

type Pause = (milliseconds: number) => Promise<void>;

/** A client starts an orchestration that locks entities, and ends it after a while if it is to. */
interface HolderAction extends Pick<SectionAction, 'instanceId' | 'by'> {
  readonly script: { readonly token: string; readonly keys: readonly string[] };
}

/** The names of an orchestrator that locks entities, and of these. */
interface HolderNames {
  readonly orchestrator: string;
  readonly entity: string;
}

/** What a client does with a critical section; `pause` waits as its process does. */
export async function runSection(client: TaskHubClient, action: SectionAction, pause: Pause): Promise<void> {
  await runHolder(client, { orchestrator: 'section', entity: 'vault' }, action, pause);
}

/** The same with whatever holds locks: whether it has ended well. */
export async function runHolder(
  client: TaskHubClient,
  names: HolderNames,
  action: HolderAction,
  pause: Pause,
): Promise<boolean> {
  const { instanceId, script, by } = action;
  const handle = await client.startNew(names.orchestrator, script, { instanceId });
  if (by) {
    await pause(by.after);
    await end(client, names, action, by.how).catch((error: unknown) => {
      if (!(error instanceof InstanceEndedError || error instanceof InstanceReplacedError)) throw error;
    });
  }
  return client
    .getHandle(handle.instanceId)
    .result()
    .then(
      () => true,
      () => false,
    );
}

async function end(
  client: TaskHubClient,
  { orchestrator, entity }: HolderNames,
  { instanceId, script }: HolderAction,
  how: Required<SectionAction>['by']['how'],
): Promise<void> {
  switch (how) {
    case 'terminate':
    case 'cancel':
      return client[how](instanceId);
    case 'break':
      return void (await client.breakLock(entity, script.keys[0]!));
    case 'replace': {
      const next = { ...script, token: `${instanceId}/1` };
      return void (await client.startNew(orchestrator, next, { instanceId, ifExists: 'replace' }));
    }
  }
}
