import type { StoredMessage } from '../../lib/engine/ports.js';
import type { PartitionStreams } from '../../lib/memory/hub.js';
import type { MemoryStream } from '../../lib/memory/stream.js';
import { parseAddress } from '../../lib/wire/addresses.js';
import { decodeHead } from '../../lib/wire/head-codec.js';
import { isEntityAddress } from '../../lib/wire/addresses.js';
import { decodeEnvelope, decodeMessage } from '../../lib/wire/message-codec.js';
import type { Addressed, Envelope } from '../../lib/wire/messages.js';
import type { Head } from '../../lib/wire/head.js';
import { decodeParkedPage } from '../../lib/wire/parked-codec.js';
import type { ParkedBox, ParkedPage } from '../../lib/wire/parked.js';
import { decodeRecord, decodeRecordText } from '../../lib/wire/record-codec.js';
import type { CommitRecord, EpochRecord, PartRecord, StepEntry } from '../../lib/wire/record.js';
import { messageIdOf, type SessionEnvelope } from '../../lib/wire/sessions.js';
import { partitionSubjects, type PartitionSubjects } from '../../lib/wire/subjects.js';
import { EntityWatch, OrchestrationWatch, type Violation } from './instance-watch.js';
import type { Taken } from './lifecycle-watch.js';
import type { StoredValues } from './stored-values.js';

/** A message that some instance has to take once, by the name under which copies of it are known. */
interface Sent {
  readonly to: string;
  readonly sender: string;
  /** Rising for the messages of one sender. */
  readonly order: number;
  /** Undefined: who sent it counts nothing. */
  readonly name: string | undefined;
  readonly taken: Taken;
}

/** Where something was stored, and the record that it reflects. */
interface StoredMark {
  readonly sequence: number;
  readonly logSeq: number;
}

/** What a watch knows of the world beside its partition. */
export interface WatchPorts {
  /** The server's time. */
  now(): number;
  /** How far two workers' clocks may be apart. */
  skew(): number;
  readonly values: StoredValues;
  violation: Violation;
  /** Whether an instance is one of this partition. */
  isHere(address: string): boolean;
  /** An execution has ended. */
  ended(watch: OrchestrationWatch): void;
  /** Its history has grown by what one record says. */
  grown(watch: OrchestrationWatch): void;
  /** The messages of another partition's record for this one, encoded; undefined: it had none. */
  sentBy(partition: number, n: number): string | undefined;
}

/**
 * Looks at a partition's streams at the instant at which something is stored there, and holds it to the rules of the
 * commit protocol. It knows everything: what it misses nobody sees.
 */
export class PartitionWatch {
  readonly instances = new Map<string, OrchestrationWatch | EntityWatch>();
  readonly #forgotten = { last: 0 };
  readonly #subjects: PartitionSubjects;
  readonly #state: MemoryStream;
  readonly #ports: WatchPorts;
  readonly #violation: Violation;
  /** What mail holds, by sequence. */
  readonly #mail = new Map<number, readonly (Sent | undefined)[]>();
  readonly #garbage = new Set<number>();
  /** Local messages by counter and index. */
  readonly #locals = new Map<string, Sent>();
  readonly #consumed = new Set<string>();
  /** What waits in pages, by place. */
  readonly #parked = new Map<string, Sent | undefined>();
  /** The order of the last message that an instance took of a sender. */
  readonly #orders = new Map<string, number>();
  /** What was sent and is not consumed, by name. */
  readonly pending = new Set<string>();
  /** How many records of other partitions were handed over. */
  handed = 0;
  /** The instances that were quarantined. */
  readonly quarantined = new Set<string>();
  /** Ids of operations whose message is stored. */
  readonly operations = new Set<string>();
  /** The last record that an instance's state came from. */
  lastStep = 0;
  /** What pages of parked messages hold. */
  readonly #pages = new Map<string, ParkedPage['boxes']>();
  /** How often pages of parked messages were created. */
  readonly #created = new Map<string, number>();
  readonly #tombstones = new Map<string, StoredMark>();
  /** The last record behind which there was nothing of an instance. */
  readonly #goneAt = new Map<string, number>();
  readonly #sentTo = new Map<number, number>();
  readonly #out = new Map<string, string>();
  #records = 0;
  #parts: string[] = [];
  #commits = 0;
  #epoch = 0;
  /** What is stored from now on is none of its business. */
  isOver = false;
  /** The workers that claimed the partition, one for each epoch. */
  readonly owners: string[] = [];
  /** The records by which they did. */
  readonly #claims: number[] = [];
  #accepted = 0;

  constructor(partition: number, hub: string, streams: PartitionStreams, ports: WatchPorts) {
    this.#subjects = partitionSubjects(hub, partition);
    this.#state = streams.state;
    this.#ports = ports;
    this.#violation = (text) => ports.violation(`partition ${partition}: ${text}`);
    streams.mail.observe((message) => this.isOver || this.#onMail(message));
    streams.log.observe((message) => this.isOver || this.#onRecord(message));
    streams.state.observe((message) => this.isOver || this.#onState(message));
  }

  /** Who owned the partition when a record was stored, and who has claimed it since. */
  ownersSince(sequence: number): readonly string[] {
    return this.owners.slice(
      Math.max(
        0,
        this.#claims.findLastIndex((claim) => claim <= sequence),
      ),
    );
  }

  get values(): StoredValues {
    return this.#ports.values;
  }

  get records(): number {
    return this.#records;
  }

  /** How many steps orchestrations have made. */
  get steps(): number {
    let steps = 0;
    for (const watch of this.instances.values()) if (watch instanceof OrchestrationWatch) steps += watch.marks.length;
    return steps;
  }

  /** The messages of a record for a partition. */
  output(n: number, to: number): string | undefined {
    return this.#out.get(`${n} ${to}`);
  }

  /** How many events are replayed when every step of an orchestration but its first needs a replay. */
  get replayable(): number {
    let events = 0;
    for (const watch of this.instances.values()) if (watch instanceof OrchestrationWatch) events += watch.replayable;
    return events;
  }

  #onMail(message: StoredMessage): void {
    if (message.subject === this.#subjects.envelopes) return this.#onEnvelope(message);
    if (message.subject === this.#subjects.sessions) return; // what clients say of their sessions is for no instance
    const to = this.#subjects.addressOf(message.subject);
    const decoded = decodeMessage(message.body);
    if (to === undefined || 'refused' in decoded || !this.#ports.isHere(to))
      return void this.#garbage.add(message.sequence);
    const { value } = decoded;
    const session = 'session' in value ? value.session : undefined;
    const number = 'number' in value ? value.number : undefined;
    this.#noteInput([to, value]);
    const name = session === undefined ? undefined : `session ${session} #${number}`;
    const taken = { message: value, id: session === undefined ? undefined : messageIdOf(session, number!) };
    this.#sent(message.sequence, [{ to, sender: `session ${session}`, order: number ?? 0, name, taken }]);
  }

  #onEnvelope({ sequence, body }: StoredMessage): void {
    const decoded = decodeEnvelope(body);
    if ('refused' in decoded) return this.#violation(`an envelope cannot be read: ${decoded.refused}`);
    if ('session' in decoded.value) return this.#onSessionEnvelope(sequence, decoded.value);
    const { from, entries } = decoded.value;
    for (const entry of entries) this.#checkEntry(from, entry);
    const flat = entries.flatMap(({ n, part: [first] = [0, 0], messages }) =>
      messages.map((addressed, at) => {
        this.#noteInput(addressed);
        const index = first + at;
        const order = n * 10_000 + index;
        const sender = laneOf(`partition ${from}`, addressed);
        const taken = { id: undefined, message: addressed[1] };
        return { to: addressed[0], sender, order, name: `channel ${from} #${n}.${index}`, taken };
      }),
    );
    this.#sent(sequence, flat);
  }

  #onSessionEnvelope(sequence: number, { session, first, messages }: SessionEnvelope): void {
    const flat = messages.map((addressed, at) => {
      this.#noteInput(addressed);
      const number = first + at;
      const name = `session ${session} #${number}`;
      const taken = { id: messageIdOf(session, number), message: addressed[1] };
      return { to: addressed[0], sender: `session ${session}`, order: number, name, taken };
    });
    this.#sent(sequence, flat);
  }

  #noteInput([, stored]: Addressed): void {
    const message = this.#ports.values.whole(stored, () => {}); // a copy may come when its values are gone
    if (message.kind !== 'operation') return;
    const { input } = message;
    const id = typeof input === 'string' ? input : (input as { readonly id?: string } | undefined)?.id;
    if (id !== undefined) this.operations.add(id);
  }

  /** C1, C5: an envelope holds what a stored record says, nothing else. */
  #checkEntry(from: number, { n, part, messages }: Pick<Envelope['entries'][number], 'n' | 'part' | 'messages'>): void {
    const stored = this.#ports.sentBy(from, n);
    if (stored === undefined)
      return this.#violation(`C1: partition ${from} sent the output of record ${n}, which is not stored`);
    const whole = part ? (JSON.parse(stored) as Addressed[]).slice(part[0], part[0] + messages.length) : messages;
    if ((part ? JSON.stringify(whole) : stored) !== JSON.stringify(messages))
      this.#violation(`C5: partition ${from} sent ${JSON.stringify(messages)} as record ${n}, which says ${stored}`);
  }

  #sent(sequence: number, messages: readonly Sent[]): void {
    this.#mail.set(sequence, messages);
    for (const { name } of messages)
      if (name !== undefined && !this.#consumed.has(name)) this.pending.add(name);
      else if (name === undefined) this.pending.add(`mail ${sequence}`);
  }

  #onRecord({ sequence, body }: StoredMessage): void {
    const record = decodeRecord(body, `record ${sequence}`);
    if (record.prev !== this.#records) this.#violation(`C2: record ${sequence} follows ${record.prev}`);
    this.#records = sequence;
    if (record.type === 'part') return this.#onPart(record, sequence);
    this.#parts = [];
    if (record.type === 'epoch') this.#onEpoch(record, sequence);
    else if (record.type === 'commit') this.#onCommit(record, sequence);
  }

  /** P7: parts have no effect before the last one, and none at all without it. */
  #onPart({ part: [i, n], text, epoch }: PartRecord, sequence: number): void {
    if (epoch !== this.#epoch) this.#violation(`C3: part ${i} of ${n} at record ${sequence} is of epoch ${epoch}`);
    if (i !== this.#parts.length + 1) this.#violation(`P7: part ${i} of ${n} follows part ${this.#parts.length}`);
    this.#parts.push(text);
    if (i < n) return;
    const whole = decodeRecordText(this.#parts.join(''), `record ${sequence}`);
    this.#parts = [];
    if (whole.type === 'commit') this.#onCommit(whole, sequence);
  }

  #onEpoch({ epoch, owner }: EpochRecord, sequence: number): void {
    if (epoch !== this.#epoch + 1) this.#violation(`C3: epoch ${epoch} follows ${this.#epoch} at record ${sequence}`);
    this.#epoch = epoch;
    this.owners.push(owner);
    this.#claims.push(sequence);
  }

  #onCommit(record: CommitRecord, sequence: number): void {
    for (const address of record.quarantined ?? []) this.quarantined.add(address);
    if (record.epoch !== this.#epoch)
      this.#violation(`C3: record ${sequence} is of epoch ${record.epoch}, the owner is ${this.#epoch}`);
    if (record.counter !== ++this.#commits)
      this.#violation(`record ${sequence} is commit ${record.counter}, expected ${this.#commits}`);
    if (record.accepted !== undefined && record.accepted < this.#accepted)
      this.#violation(`P1: record ${sequence} accepts mail up to ${record.accepted}, before was ${this.#accepted}`);
    this.#accepted = record.accepted ?? this.#accepted;
    let index = 0;
    for (const { to, messages = [], handed } of record.steps) {
      if (handed) this.#checkHanded(handed, messages, record);
      for (const [at, message] of messages.entries()) {
        if (handed) this.#onHanded(record.counter, index++, handed, at, message);
        else this.#onLocal(record.counter, index++, to, message);
      }
    }
    for (const { page, boxes } of record.parked ?? []) for (const box of boxes) this.#onParked(page, box);
    for (const step of record.steps) this.#onStep(step, sequence, record);
    for (const { page, boxes } of record.parked ?? []) for (const box of boxes) this.#checkHolder(page, box);
    if (record.steps.length > 0) this.lastStep = sequence;
    for (const { sequence: mail, index: at, reason } of record.dropped ?? []) this.#onDropped(mail, at, reason);
    for (const [to, { prev, messages }] of Object.entries(record.out ?? {})) {
      if (prev !== (this.#sentTo.get(Number(to)) ?? 0))
        this.#violation(
          `C5: record ${sequence} follows ${prev} on the channel to ${to}, not ${this.#sentTo.get(Number(to))}`,
        );
      this.#sentTo.set(Number(to), sequence);
      this.#out.set(`${sequence} ${to}`, JSON.stringify(messages));
    }
  }

  /** P1: what comes without mail stands in the record that says that it is received. */
  #checkHanded(
    [from, n]: NonNullable<StepEntry['handed']>,
    messages: readonly Addressed[],
    record: CommitRecord,
  ): void {
    this.handed++;
    this.#checkEntry(from, { n, messages });
    if ((record.received?.[from] ?? 0) < n)
      this.#violation(`P1: commit ${record.counter} has record ${n} of partition ${from} and does not say so`);
  }

  #onHanded(
    counter: number,
    index: number,
    [from, n]: NonNullable<StepEntry['handed']>,
    at: number,
    addressed: Addressed,
  ): void {
    this.#noteInput(addressed);
    const [to, message] = addressed;
    const name = `channel ${from} #${n}.${at}`;
    if (this.#consumed.has(name)) this.#violation(`C4: ${name} is received a second time`);
    const sent = { to, sender: laneOf(`partition ${from}`, addressed), order: n * 10_000 + at, name };
    this.#locals.set(`local ${counter}.${index}`, { ...sent, taken: { id: undefined, message } });
    this.pending.add(name);
  }

  #onLocal(counter: number, index: number, sender: string, [to, message]: Addressed): void {
    this.#noteInput([to, message]);
    const name = `local ${counter}.${index}`;
    const lane = laneOf(`local ${sender}`, [to, message]);
    const taken = { id: undefined, message };
    this.#locals.set(name, { to, sender: lane, order: counter * 10_000 + index, name, taken });
    this.pending.add(name);
  }

  /**
   * P4: the inputs are consumed where they came from; from now on they wait in the page. Its order is its own: what overtook
   * others (P22) stands before them.
   */
  #onParked(page: string, { to, mail = [], local = [], from, end }: ParkedBox): void {
    const taken = [...this.#take({ to, mail, local })];
    for (let at = from; at < end; at++) {
      const name = `parked ${page} ${to} #${at}`;
      this.pending.add(name);
      const text = contentOf(this.#fromPage(to, [page, at]));
      const index = taken.findIndex((sent) => contentOf(sent?.taken) === text);
      if (index < 0) return this.#violation(`P4: ${name} is none of what was taken for it`);
      const [sent] = taken.splice(index, 1);
      this.#parked.set(
        name,
        sent && (fenceOf(sent.taken) === undefined ? sent : { ...sent, sender: `${sent.sender}, parked` }),
      );
    }
    if (taken.length > 0) this.#violation(`P4: page ${page} does not have all that was taken for ${to}`);
  }

  /** P22: what is of the holder of a lock does not wait behind others; once its lock is lost, it may. */
  #checkHolder(page: string, { to, from, end }: ParkedBox): void {
    const watch = this.instances.get(to);
    const fence = watch instanceof EntityWatch ? watch.locks.locks?.held?.fence : undefined;
    for (let at = from; at < end; at++)
      if (fence !== undefined && fenceOf(this.#fromPage(to, [page, at])) === fence)
        this.#violation(`P22: message ${at} of ${to} in page ${page} is of the holder of its lock`);
  }

  #onStep(stored: StepEntry, sequence: number, { out = {} }: CommitRecord): void {
    if (stored.handed) return; // it changes no instance
    const step = this.#ports.values.step(stored, this.#violation);
    const taken = this.#take(step);
    // What is refused, because too many wait or for a circle, does not wait behind others.
    if (!isFull(step.refused) && !isCycle(step.refused)) for (const sent of taken) this.#inOrder(sent);
    if (step.parked) {
      const name = `parked ${step.parked[0]} ${step.to} #${step.parked[1]}`;
      if (!this.pending.delete(name))
        this.#violation(`C4: ${step.to} took ${name}, which is not there or was taken before`);
      this.#inOrder(this.#parked.get(name));
    }
    const watch = this.#instance(step.to);
    if (watch instanceof EntityWatch)
      watch.apply(step, sequence, { at: this.#ports.now(), skew: this.#ports.skew() }, taken[0]?.taken);
    else {
      const message = step.parked ? this.#fromPage(step.to, step.parked) : taken[0]?.taken;
      const isCanceled = step.events?.[0]?.type === 'CancellationRequested';
      if (isCanceled || message?.message.kind === 'control' || message?.message.kind === 'start') {
        const sent = [...(step.messages ?? []), ...Object.values(out).flatMap(({ messages }) => messages)];
        watch.checkSent(message, step, sent);
      }
      watch.apply(step, sequence, this.#ports.now(), this.#ports.skew(), message && this.#whole(message));
      if (step.events) this.#ports.grown(watch);
    }
    if (this.#isGone(step.to)) this.#goneAt.set(step.to, sequence);
  }

  #fromPage(to: string, [page, index]: readonly [page: string, index: number]): Taken | undefined {
    const message = this.#pages.get(page)?.find(([address]) => address === to)?.[1][index];
    return message && { message, id: message.kind === 'result' ? undefined : message.id };
  }

  #whole({ id, message }: Taken): Taken {
    return { id, message: this.#ports.values.whole(message, this.#violation) };
  }

  /** The messages that are taken from where they came. */
  #take(step: Pick<StepEntry, 'to' | 'mail' | 'local'>): readonly (Sent | undefined)[] {
    const { mail = [], local = [] } = step;
    const taken: (Sent | undefined)[] = [];
    for (let at = 0; at < mail.length; at += 2) {
      const sent = this.#mail.get(mail[at]!)?.[mail[at + 1]!];
      this.#consume(sent, `mail ${mail[at]}.${mail[at + 1]}`, `mail ${mail[at]}`, step);
      taken.push(sent);
    }
    for (let at = 0; at < local.length; at += 2) {
      const name = `local ${local[at]}.${local[at + 1]}`;
      this.#consume(this.#locals.get(name), name, name, step);
      taken.push(this.#locals.get(name));
    }
    return taken;
  }

  /** C4: each message is taken once, by whom it is for. */
  #consume(sent: Sent | undefined, place: string, fallback: string, step: Pick<StepEntry, 'to'>): void {
    if (!sent) return this.#violation(`C4: ${step.to} took ${place}, which is not there`);
    if (sent.to !== step.to) this.#violation(`C4: ${step.to} took ${place}, which is for ${sent.to}`);
    const name = sent.name ?? fallback;
    if (this.#consumed.has(name)) return this.#violation(`C4: ${step.to} took ${name} a second time, at ${place}`);
    this.#consumed.add(name);
    this.pending.delete(name);
  }

  /** C6: an instance comes to the messages of a sender in their order, also to those that were parked (P4). */
  #inOrder(sent: Sent | undefined): void {
    if (sent?.name === undefined) return;
    const pair = `${sent.sender} ${sent.to}`;
    if (sent.order < (this.#orders.get(pair) ?? 0)) this.#violation(`C6: ${sent.to} took ${sent.name} out of order`);
    this.#orders.set(pair, sent.order);
  }

  #onDropped(sequence: number, index: number, reason: string): void {
    if (this.#garbage.delete(sequence)) return;
    const sent = this.#mail.get(sequence)?.[index];
    const watch = sent && this.#instance(sent.to);
    if (watch instanceof EntityWatch && sent && isFull(reason)) {
      this.#take({ to: sent.to, mail: [sequence, index] });
      return watch.refuse(this.#whole(sent.taken));
    }
    this.#violation(`mail ${sequence}.${index} was dropped: ${reason}`);
  }

  /** Garbage that no record has dropped. */
  get undropped(): number {
    return this.#garbage.size;
  }

  #instance(address: string): OrchestrationWatch | EntityWatch {
    let watch = this.instances.get(address);
    if (!watch) {
      const addressee = parseAddress(address);
      watch =
        addressee.kind === 'entity'
          ? new EntityWatch(address, this.#violation, this.#forgotten)
          : new OrchestrationWatch(addressee.instanceId, this.#violation, (ended) => this.#ports.ended(ended));
      this.instances.set(address, watch);
    }
    return watch;
  }

  /** Whether a message arrived a second time, when the first was removed. */
  cameAgain(subject: string): boolean {
    return (this.#created.get(subject) ?? 0) > 1;
  }

  /** P14: what a head names is stored before it. */
  #checkSegments(address: string, head: Head): void {
    if (head.type !== 'orchestration') return;
    for (const { subject, sequence } of [...head.segments, ...(head.held ?? [])])
      if (this.#state.latest(subject)?.sequence !== sequence)
        this.#violation(`P14: the head of ${address} names ${subject} (${sequence}), which is not stored`);
  }

  /** The sequence of the last tombstone of an instance. */
  tombstone(address: string): number | undefined {
    return this.#tombstones.get(address)?.sequence;
  }

  /**
   * Whether a head is one that came late (P13), of an instance of which nothing was left since: a former owner's, or a copy of a
   * write that was carried out before, which is stored once more when the tombstone is removed. What it names went with the instance.
   */
  #isZombie(address: string, { epoch, logSeq }: Head, sequence: number): boolean {
    if (logSeq >= (this.#goneAt.get(address) ?? 0)) return false;
    const tombstone = this.#tombstones.get(address);
    return (
      epoch < this.owners.length ||
      (tombstone !== undefined && sequence > tombstone.sequence && logSeq < tombstone.logSeq)
    );
  }

  /** Whether there is no such instance, or no more. */
  #isGone(address: string): boolean {
    const watch = this.instances.get(address);
    return watch instanceof OrchestrationWatch ? watch.executionId === '' : (watch?.isGone ?? false);
  }

  #onState({ subject, body, sequence }: StoredMessage): void {
    const parked = this.#subjects.parkedPage('');
    if (subject.startsWith(parked)) {
      this.#created.set(subject, (this.#created.get(subject) ?? 0) + 1);
      this.#pages.set(subject.slice(parked.length), decodeParkedPage(body, subject).boxes);
    }
    if (!subject.startsWith(this.#subjects.heads.slice(0, -1))) return;
    const address = this.#subjects.addressOf(subject)!;
    const stored = decodeHead(body, subject);
    if (this.#isZombie(address, stored, sequence)) return;
    const head = this.#ports.values.whole(stored, this.#violation);
    this.#checkSegments(address, head);
    if (head.logSeq > this.#records) return this.#violation(`C7: the head of ${address} runs ahead of the log`);
    if (head.type === 'tombstone') this.#tombstones.set(address, { sequence, logSeq: head.logSeq });
    const watch = this.#instance(address);
    if (watch instanceof EntityWatch && head.type === 'entity') return watch.checkHead(head);
    if (watch instanceof EntityWatch && head.type === 'tombstone') watch.checkTombstone(head);
    else if (watch instanceof OrchestrationWatch && head.type === 'orchestration') watch.checkHead(head);
  }
}

/**
 * Answers to an entity's calls do not wait for what stands before them in its mailbox: their operation does (P18). Nor do what
 * is of the holder of a lock, and what gives a request up (P22).
 */
function laneOf(sender: string, [to, message]: Addressed): string {
  if (!isEntityAddress(to)) return sender;
  if (message.kind === 'result') return `${sender}, answers`;
  if (message.kind === 'lockCancel') return `${sender}, given up`;
  return fenceOf({ id: undefined, message }) === undefined ? sender : `${sender}, under a lock`;
}

/** A message without its name and its sender's numbers: mail has these beside it, a page within it. */
function contentOf(taken: Taken | undefined): string {
  return JSON.stringify(taken?.message, (key, value: unknown) => (ofSender.has(key) ? undefined : value));
}

const ofSender: ReadonlySet<string> = new Set(['id', 'session', 'number', 'done']);

/** The number of the lock that a message is of. */
function fenceOf(taken: Taken | undefined): number | undefined {
  const message = taken?.message;
  if (message?.kind === 'lockRelease') return message.fence;
  return message?.kind === 'operation' ? message.lock?.fence : undefined;
}

/** Why a message is dropped that somebody may send: too many wait already. */
function isCycle(reason = ''): boolean {
  return reason.startsWith('The call would close a cycle');
}

function isFull(reason = ''): boolean {
  return /^\d+ messages wait for e\.door\./.test(reason);
}
