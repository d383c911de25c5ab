import type { EntityId } from '../core/history.js';
import { entityAddress } from '../wire/addresses.js';
import type { EntityInspection } from '../wire/entity-inspection.js';
import type { Committer } from './committer.js';
import type { InputBody } from './activation.js';
import type { EntityActivation } from './entity-activation.js';
import type { Instances } from './instances.js';
import { lockOf } from './locked-entities.js';
import type { Loops } from './loops.js';
import type { PartitionTables } from './tables.js';

/** What waits while another worker runs a step. */
const ELSEWHERE = 'a step that another worker runs';

/** What an entity's mailbox looks like now: why it does not go on, if it does not. */
export async function mailboxOf(
  entity: EntityId,
  instances: Instances,
  { epoch, poison }: Pick<PartitionTables, 'epoch' | 'poison'>,
  { committedAt }: Committer,
  loops: Loops,
  worker: string,
): Promise<EntityInspection> {
  const address = entityAddress(entity);
  const activation = await instances.loaded(address);
  const instance = instances.instance(address);
  const { calls, since, ...told } = (activation as EntityActivation).inspection;
  const { running } = instance;
  const operation = running && nameOf(running.body, activation as EntityActivation);
  const began = since ?? loops.waits.find(({ name, instance: of }) => of === address && name === ELSEWHERE)?.since;
  const quarantined = poison.quarantined.get(address)?.since;
  const locked = lockOf(instance);
  return {
    worker,
    epoch,
    ...told,
    waiting: instance.waiting.length,
    ...(operation !== undefined && { running: { operation, calls, ...(began !== undefined && { since: began }) } }),
    ...(locked && { locked }),
    ...(quarantined !== undefined && { quarantined }),
    ...(instance.waitsFor && { waitsForCode: instance.waitsFor.name }),
    ...(committedAt !== undefined && { committedAt }),
  };
}

function nameOf(input: InputBody, activation: EntityActivation): string | undefined {
  return input.kind === 'read' ? input.name : activation.asOperation(input)?.name;
}
