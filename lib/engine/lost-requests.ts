import type { FailureDetails } from '../errors.js';
import { partitionOf } from '../wire/addresses.js';
import { decodeHead } from '../wire/head-codec.js';
import type { Address, Addressed } from '../wire/messages.js';
import { unlessUnreadable } from './damage.js';
import type { Host } from './host.js';
import { readInstances } from './instance-reading.js';
import { failedRequest, openRequests, type OpenRequest } from './open-requests.js';
import { isEnd } from './orchestration-state.js';
import { readPartition } from './partition-reading.js';
import type { HubPorts } from './ports.js';

/** What is known of the channels to a partition. */
export interface SentTo {
  /** The last record that sent there. */
  readonly last: number;
  /** The records that did, and how many messages each has for it, as far as the sender still has them. */
  readonly pending: readonly (readonly [n: number, messages: number])[];
}

/** What the other partitions have asked of one that lost something, and wait for. */
export interface Asking {
  /** The failures that their instances are to be told, by the partition of the instance. */
  readonly messages: ReadonlyMap<number, readonly Addressed[]>;
  readonly count: number;
  /** By the partition that sent. */
  readonly sent: ReadonlyMap<number, SentTo>;
}

/**
 * Which requests are given up. `all`: whatever others wait for from the partition, of which no instance goes on. `unanswered`: the
 * same, and what its own instances wait for, but for children that go on. `activities`: only what its own instances wait for from
 * work queues, whose results come by mail.
 */
export type LostScope = 'all' | 'unanswered' | 'activities';

/** Looks for requests whose messages or answers may be lost with a partition. Read after the partition was claimed. */
export async function lostRequests(
  hub: HubPorts,
  partition: number,
  host: Host,
  failure: FailureDetails,
  scope: LostScope,
): Promise<Asking> {
  const messages = new Map<number, Addressed[]>();
  const sent = new Map<number, SentTo>();
  let count = 0;
  for (let other = 0; other < hub.partitions; other++) {
    if (other === partition ? scope === 'all' : scope === 'activities') continue;
    const ports = hub.partition(other);
    const reading = await readPartition(ports);
    if (other !== partition) sent.set(other, sentTo(partition, reading.tables.channels));
    const told: Addressed[] = [];
    for await (const { address, activation } of readInstances(ports, reading, host))
      for (const request of openRequests(address, activation))
        if (await isLost(request, other)) told.push(failedRequest(request, failure));
    count += told.length;
    messages.set(other, told);
  }
  return { messages, count, sent };

  async function isLost(request: OpenRequest, askedIn: number): Promise<boolean> {
    if (scope === 'activities') return request.of === 'activity';
    const asksIt = request.asked.some((address) => partitionOf(address, hub.partitions) === partition);
    if (askedIn !== partition && !asksIt) return false;
    return scope === 'all' || request.of !== 'subOrchestration' || !(await goesOn(hub, request.asked[0]!));
  }
}

function sentTo(partition: number, channels: ReadonlyMap<number, SentChannel>): SentTo {
  const channel = channels.get(partition);
  return {
    last: channel?.last ?? 0,
    pending: channel?.pending.map(({ n, messages }) => [n, messages.length] as const) ?? [],
  };
}

interface SentChannel {
  readonly last: number;
  readonly pending: readonly { readonly n: number; readonly messages: readonly string[] }[];
}

/** A child that goes on will tell its end. */
async function goesOn(hub: HubPorts, child: Address): Promise<boolean> {
  const of = partitionOf(child, hub.partitions);
  const stored = await hub.viewsOf(of).read(hub.subjects.partition(of).head(child));
  if (!stored) return false;
  const head = await unlessUnreadable(Promise.resolve().then(() => decodeHead(stored.body, `Head ${stored.subject}`)));
  return head?.type === 'orchestration' && !isEnd(head.status);
}
