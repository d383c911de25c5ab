import { LossAcceptedError, type FailureDetails } from '../errors.js';
import type { ChannelState, Checkpoint, PendingLocal } from '../wire/checkpoint.js';
import { encodeAddressed } from '../wire/message-codec.js';
import type { Parking } from '../wire/parked.js';
import { decodeRecord, encodeReset } from '../wire/record-codec.js';
import type { GivenUp, ResetRecord } from '../wire/record.js';
import type { Stamp } from './activation.js';
import { claimDamaged, claimedBy, type Claim } from './damaged-claim.js';
import { cutInstances, removeDamaged, type CutInstances } from './cut-instances.js';
import { leaseOf, receivedMarks, surveyPartition, type FoundLosses, type Survey } from './diagnosis.js';
import { GAP, giveUpMail } from './given-up-mail.js';
import { Heads } from './heads.js';
import type { Host } from './host.js';
import { Loops } from './loops.js';
import { lostRequests, type Asking } from './lost-requests.js';
import type { HubPorts, PartitionPorts } from './ports.js';
import { SpentValues } from './spent-values.js';

/** After an unclear append, look again after so many milliseconds. */
const RETRY = 20;
/** Epochs go on so far behind the highest one that anybody knows of: of later ones the former owners' words may be on their way. */
const EPOCH_GAP = 1_000;
/** So many instances are named of each kind. */
const MOST_NAMED = 1_000;

/** What is done, as a plan that nothing is left to chance of. */
interface Acceptance {
  readonly hub: HubPorts;
  readonly partition: number;
  readonly ports: PartitionPorts;
  readonly host: Host;
  readonly claim: Claim;
  readonly survey: Survey;
  readonly stamp: Stamp;
  readonly failure: FailureDetails;
}

/**
 * Accepts what a partition has lost (P12, docs/adr/0059). Claims it as a takeover does, so no owner commits from here on; brings
 * what is left into a state that is consistent in itself; and commits that by one record, which says what was given up. Until that
 * record is stored the partition is refused as before, and this may be begun again. Throws OwnershipLostError when somebody else
 * claims the partition meanwhile, and VersionTooNewError.
 */
export async function acceptLoss(
  hub: HubPorts,
  partition: number,
  host: Host,
  found: FoundLosses = new Map(),
): Promise<ResetRecord> {
  const ports = hub.partition(partition);
  const received = await receivedMarks(hub, found);
  const look = () => surveyPartition(hub, partition, received.get(partition) ?? 0, found.get(partition) ?? []);
  const before = await look();
  const { epoch: leased = 0 } = (await leaseOf(hub, partition)) ?? {};
  const epoch = Math.max(before.reading.epoch, before.heads.epoch, leased) + (isCutBy(before) ? EPOCH_GAP : 1);
  const claim = await claimDamaged(ports, host.worker, epoch);
  const after = await look(); // from here on nobody changes it
  // My own record fills a hole, and is no end of anybody's log: what was lost is told as it was before.
  const survey = isCutBy(before) || !isCutBy(after) ? { ...after, losses: before.losses } : after;
  const isCut = isCutBy(survey);
  const { reading, heads } = survey;
  const known = Math.max(reading.end, reading.tables.sequence, heads.record, received.get(partition) ?? 0);
  const stamp = {
    epoch: claim.epoch,
    logSeq: isCut ? known + GAP : claim.sequence + 1,
    commit: ports.random.id(),
  };
  const { name, message, code } = new LossAcceptedError(partition);
  const failure = { name, message, code };
  const acceptance = { hub, partition, ports, host, claim, survey, stamp, failure };
  return isCut ? cutPartition(acceptance) : keepPartition(acceptance);
}

/** Whether more than mail is lost, so that what the instances did last is not known. */
function isCutBy({ losses }: Survey): boolean {
  return losses.some(({ kind }) => kind === 'log' || kind === 'state');
}

/**
 * Records or the checkpoint are lost: what was under way is not known. Instances are brought to rest, what is on its way to them is
 * given up, and log and channels go on behind all numbers of which anybody may know.
 */
async function cutPartition(acceptance: Acceptance): Promise<ResetRecord> {
  const { hub, partition, host, failure, ports, claim, survey, stamp } = acceptance;
  const { tables, low } = survey.reading;
  const fence = { epoch: claim.epoch, low, firstCheckpoints: [], purged: tables.purged };
  const spent = new SpentValues(ports, new Loops(ports.clock));
  const heads = new Heads(ports, fence, spent);
  const instances = await cutInstances({ ...acceptance, reading: survey.reading, heads });
  await spent.drain();
  const asking = await lostRequests(hub, partition, host, failure, 'all');
  const waiting = tables.locals.size + waitingIn(tables.open.values()) + parkedIn(tables.parked.snapshot());
  const { kept, arrived, ...mail } = await giveUpMail(ports, survey, stamp.commit, { all: true });
  const { outcomes, purged, lastFence, deadLetters, quarantined } = tables.snapshot();
  const stored: Checkpoint = {
    v: 1,
    ...stamp,
    ...mail,
    low: stamp.logSeq,
    counter: stamp.logSeq,
    open: [],
    received: Object.fromEntries(receivedAfter(asking, tables.received)),
    sessions: {},
    locals: [],
    channels: channelsOf(acceptance, asking, true),
    ...(deadLetters !== undefined && { deadLetters }),
    ...(quarantined && { quarantined }),
    ...(purged && { purged }),
    ...(lastFence !== undefined && { lastFence }),
    outcomes,
  };
  await claim.checkpoints.restart(stored, { forgets: true });
  await ports.log.restartAt(stamp.logSeq);
  const received = droppedOf(asking, tables.received);
  return commit(acceptance, instances, { mail: kept, inputs: waiting + arrived, received, requests: asking.count }, 0);
}

/** Records, checkpoint and heads are whole but for single ones: only mail is lost, and what waited for it is told. */
async function keepPartition(acceptance: Acceptance): Promise<ResetRecord> {
  const { hub, partition, host, failure, ports, claim, survey, stamp } = acceptance;
  const { tables, low } = survey.reading;
  const removed = await removeDamaged(ports, new Set(survey.heads.damaged.map(({ address }) => address)));
  const before = waitingIn(tables.open.values());
  const { kept, arrived, ...mail } = await giveUpMail(ports, survey, stamp.commit, { all: false });
  const inputs = before - waitingIn(tables.open.values());
  const scope = inputs > 0 || removed.length > 0 ? 'unanswered' : 'activities';
  const asking = await lostRequests(hub, partition, host, failure, scope);
  const own = asking.messages.get(partition) ?? [];
  const counter = tables.counter + 1;
  const locals = own.map((message, index): PendingLocal => ({ counter, index, message, behind: mail.accepted }));
  const { began: _, suspects: _s, trial: _t, blamed: _b, acceptedAt: _a, ...snapshot } = tables.snapshot();
  const stored: Checkpoint = {
    v: 1,
    ...snapshot,
    ...stamp,
    ...mail,
    low,
    counter,
    locals: [...snapshot.locals, ...locals],
    channels: { ...snapshot.channels, ...channelsOf(acceptance, asking, false) },
  };
  await claim.checkpoints.restart(stored, { forgets: false });
  const instances = { failed: [], interrupted: [], removed };
  const counts = { mail: kept, inputs: inputs + arrived, received: 0, requests: asking.count };
  return commit(acceptance, instances, counts, claim.sequence);
}

/** The channels as they are resent, each with what the other partition's instances are told; `anew`: whatever was received. */
function channelsOf({ hub, partition, survey, stamp }: Acceptance, asking: Asking, anew: boolean) {
  const channels: Record<string, ChannelState> = {};
  for (let other = 0; other < hub.partitions; other++) {
    const messages = (asking.messages.get(other) ?? []).map(encodeAddressed);
    if (other === partition || (!anew && messages.length === 0)) continue;
    const { last = 0, pending = [] } = survey.reading.tables.channels.get(other) ?? {};
    const entry = { n: stamp.logSeq, prev: last, ...(anew && { reset: true as const }), messages };
    channels[other] = { last: stamp.logSeq, pending: [...pending, entry] };
  }
  return channels;
}

/** All that other partitions have sent by now counts as received: what follows is in the chain. */
function receivedAfter({ sent }: Asking, known: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  const received = new Map(known);
  for (const [from, { last }] of sent) received.set(from, Math.max(last, known.get(from) ?? 0));
  return received;
}

/** How many messages that are dropped by that. */
function droppedOf({ sent }: Asking, known: ReadonlyMap<number, number>): number {
  let dropped = 0;
  for (const [from, { pending }] of sent)
    for (const [n, messages] of pending) if (n > (known.get(from) ?? 0)) dropped += messages;
  return dropped;
}

function waitingIn(open: Iterable<ReadonlySet<number>>): number {
  let waiting = 0;
  for (const indexes of open) waiting += indexes.size;
  return waiting;
}

function parkedIn(pages: readonly Parking[]): number {
  return pages.flatMap(({ boxes }) => boxes).reduce((sum, { from, end }) => sum + end - from, 0);
}

/** The reset's record: from here on the partition is one that any worker takes over. */
async function commit(
  { ports, partition, host, claim, survey, stamp }: Acceptance,
  { failed, removed, interrupted }: CutInstances,
  counts: Pick<GivenUp, 'mail' | 'inputs' | 'received' | 'requests'>,
  after: number,
): Promise<ResetRecord> {
  const { log, clock, subjects } = ports;
  const record = {
    epoch: stamp.epoch,
    commit: stamp.commit,
    prev: claim.sequence,
    at: clock.now(),
    owner: host.worker,
    lost: survey.losses.map(({ stream, text }) => `${stream}: ${text}`),
    gaveUp: {
      failed: failed.slice(0, MOST_NAMED),
      removed: removed.slice(0, MOST_NAMED),
      interrupted: interrupted.slice(0, MOST_NAMED),
      instances: failed.length + removed.length + interrupted.length,
      ...counts,
      sessions: survey.reading.tables.sessions.size,
    },
  };
  for (;;) {
    if ((await log.append(encodeReset(record), after)) === stamp.logSeq) return { v: 1, type: 'reset', ...record };
    const last = await log.last();
    const found = last && decodeRecord(last.body, `Record ${last.sequence} of ${subjects.log}`);
    if (found?.commit === stamp.commit) return { v: 1, type: 'reset', ...record };
    if (last && last.sequence !== after) throw claimedBy(found!.epoch, partition);
    await new Promise<void>((resolve) => clock.after(RETRY, resolve));
  }
}
