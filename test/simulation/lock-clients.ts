import type { TaskHubClient } from '../../lib/client/task-hub-client.js';
import { InstanceEndedError, InstanceReplacedError } from '../../lib/errors.js';
import type { SectionAction } from './lock-script.js';

/** What a client does with a critical section; `pause` waits as its process does. */
export async function runSection(
  client: TaskHubClient,
  { instanceId, script, by }: SectionAction,
  pause: (milliseconds: number) => Promise<void>,
): Promise<void> {
  const handle = await client.startNew('section', script, { instanceId });
  if (by) {
    await pause(by.after);
    await endSection(client, { instanceId, script, by }).catch((error: unknown) => {
      if (!(error instanceof InstanceEndedError || error instanceof InstanceReplacedError)) throw error;
    });
  }
  await client
    .getHandle(handle.instanceId)
    .result()
    .catch(() => {});
}

async function endSection(
  client: TaskHubClient,
  { instanceId, script, by }: Pick<Required<SectionAction>, 'instanceId' | 'script' | 'by'>,
): Promise<void> {
  switch (by.how) {
    case 'terminate':
    case 'cancel':
      return client[by.how](instanceId);
    case 'break':
      return void (await client.breakLock('vault', script.keys[0]!));
    case 'replace': {
      const next = { ...script, token: `${instanceId}/1` };
      return void (await client.startNew('section', next, { instanceId, ifExists: 'replace' }));
    }
  }
}
