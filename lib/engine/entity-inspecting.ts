import type { EntityId } from '../core/history.js';
import { entityAddress } from '../wire/addresses.js';
import type { EntityInspection } from '../wire/entity-inspection.js';
import type { Committer } from './committer.js';
import type { InputBody } from './activation.js';
import type { EntityActivation } from './entity-activation.js';
import type { Instances } from './instances.js';
import { lockOf } from './locked-entities.js';
import type { Loops } from './loops.js';
import type { ParkedPages } from './parked-pages.js';
import type { PartitionPorts } from './ports.js';
import type { PartitionTables } from './tables.js';
import type { Waiting } from './waiting.js';

/** Where messages are stored that wait. */
export interface StoredMessages {
  readonly mailbox: Pick<PartitionPorts['mailbox'], 'timeOf'>;
  readonly pages: Pick<ParkedPages, 'timeOf'>;
}

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
  stored: StoredMessages,
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
  const { length } = instance.waiting;
  const waitingSince = await sinceOf(instance.waiting, stored);
  return {
    worker,
    epoch,
    ...told,
    waiting: length,
    ...(waitingSince !== undefined && { waitingSince }),
    ...(operation !== undefined && { running: { operation, calls, ...(began !== undefined && { since: began }) } }),
    ...(locked && { locked }),
    ...(quarantined !== undefined && { quarantined }),
    ...(instance.waitsFor && { waitsForCode: instance.waitsFor.name }),
    ...(committedAt !== undefined && { committedAt }),
  };
}

/** Since when what waits has waited, at least. */
async function sinceOf({ oldest }: Waiting, { mailbox, pages }: StoredMessages): Promise<number | undefined> {
  if (!oldest) return undefined;
  if ('page' in oldest) return pages.timeOf(oldest.page);
  if (oldest.parked) return pages.timeOf(oldest.parked[0]);
  return oldest.mail ? mailbox.timeOf(oldest.mail[0]) : oldest.at;
}

function nameOf(input: InputBody, activation: EntityActivation): string | undefined {
  return input.kind === 'read' ? input.name : activation.asOperation(input)?.name;
}
