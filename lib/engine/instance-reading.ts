import { decodeHead } from '../wire/head-codec.js';
import type { Head } from '../wire/head.js';
import type { Address } from '../wire/messages.js';
import type { Activation } from './activation.js';
import { unlessDamaged } from './damage.js';
import type { Host } from './host.js';
import { activationOf, type Makings } from './loading.js';
import { isEnd } from './orchestration-state.js';
import type { PartitionReading } from './partition-reading.js';
import type { PartitionPorts } from './ports.js';
import { Segments } from './segments.js';

/** An instance as its head and the records behind it say, loaded by nobody's owner. */
export interface ReadInstance {
  readonly address: Address;
  readonly activation: Activation;
}

/** Whether there may be more to an instance with this head than what it was. */
function goesOn(head: Head): boolean {
  if (head.type === 'orchestration') return !isEnd(head.status);
  return head.type === 'entity' && (head.journals !== undefined || head.locks?.held !== undefined || !!head.planned);
}

/** The instances of a partition that go on, by heads and log; what cannot be read is left out. Nothing is written. */
export async function* readInstances(
  ports: PartitionPorts,
  { tail, epoch }: Pick<PartitionReading, 'tail' | 'epoch'>,
  host: Host,
): AsyncGenerator<ReadInstance> {
  const { views, subjects } = ports;
  const makings = makingsFor(ports, new Segments(ports, epoch), host);
  const seen = new Set<Address>();
  for await (const { subject, body } of views.scan(subjects.heads)) {
    const address = subjects.addressOf(subject);
    if (address === undefined || seen.has(address)) continue;
    const instance = await unlessDamaged(async () => {
      const head = decodeHead(body, `Head ${subject}`);
      if (!goesOn(head) && !tail.has(address)) return undefined;
      seen.add(address);
      return { address, activation: await loaded(address, head, tail, makings) };
    });
    if (instance) yield instance;
  }
  for (const address of tail.keys()) {
    if (seen.has(address)) continue;
    const instance = await unlessDamaged(async () => {
      const stored = await views.read(subjects.head(address));
      const head = stored && decodeHead(stored.body, `Head ${stored.subject}`);
      return { address, activation: await loaded(address, head, tail, makings) };
    });
    if (instance) yield instance;
  }
}

/** The activation of a head and of the steps behind it. */
export function loaded(
  address: Address,
  head: Head | undefined,
  tail: PartitionReading['tail'],
  makings: Makings,
): Promise<Activation> {
  const behind = (tail.get(address) ?? []).filter(({ sequence }) => sequence > (head?.logSeq ?? 0));
  return activationOf(address, head, behind, makings);
}

/** Nothing is run: the calls of operations lead nowhere. */
export function makingsFor(ports: PartitionPorts, segments: Segments, host: Host): Makings {
  return { host, ports, segments, beside: () => {} };
}
