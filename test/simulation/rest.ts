import type { StoredMessage } from '../../lib/engine/ports.js';
import type { MemoryHub, PartitionStreams } from '../../lib/memory/hub.js';
import { decodeCheckpoint, decodeDirectory } from '../../lib/wire/checkpoint-codec.js';
import type { Checkpoint } from '../../lib/wire/checkpoint.js';
import { decodeHead, decodeWake } from '../../lib/wire/head-codec.js';
import { partitionSubjects, type PartitionSubjects } from '../../lib/wire/subjects.js';
import { keysNamedIn } from '../../lib/wire/value-references.js';
import { EntityWatch, OrchestrationWatch, type Violation } from './instance-watch.js';
import type { PartitionWatch } from './partition-watch.js';

/** What is left in a partition's streams when nothing is to be done any more, and its owner has stopped: no leaks. */
export class PartitionRest {
  readonly #partition: number;
  readonly #streams: PartitionStreams;
  readonly #subjects: PartitionSubjects;
  readonly #watch: PartitionWatch;
  readonly #pages: readonly string[];
  readonly #checkpoint: Checkpoint | undefined;
  /** The first checkpoint of the last owner, and how many it has stored behind that. */
  readonly #since: number;
  readonly #epochs: readonly (readonly [epoch: number, first: number])[];
  readonly #generation: number;
  readonly #now: number;
  readonly #late: Pick<StoredMessage, 'subject' | 'sequence'>[] = [];

  constructor(partition: number, hub: MemoryHub, watch: PartitionWatch) {
    this.#partition = partition;
    this.#now = hub.world.time;
    this.#streams = hub.streams(partition);
    this.#subjects = partitionSubjects(hub.name, partition);
    this.#watch = watch;
    const { state } = this.#streams;
    const directory = state.latest(this.#subjects.checkpoint);
    const decoded = directory && decodeDirectory(directory.body, 'directory');
    const pages = decoded?.pages ?? [];
    const drawers = decoded?.drawers?.flatMap(([, parts]) => parts) ?? [];
    this.#pages = [...pages, ...drawers].map(({ subject }) => subject);
    this.#generation = decoded?.generation ?? 0;
    this.#epochs = decoded?.epochs ?? [];
    this.#since = decoded?.epochs.find(([epoch]) => epoch === decoded.epoch)?.[1] ?? 0;
    const bodies = pages.map(({ subject }) => state.latest(subject)!.body);
    this.#checkpoint = bodies.length > 0 ? decodeCheckpoint(Buffer.concat(bodies), 'checkpoint') : undefined;
  }

  /** The tables as the last owner stored them; undefined: nobody did. */
  get checkpoint(): Checkpoint | undefined {
    return this.#checkpoint;
  }

  /** The keys of values in messages that have been received, and that the checkpoint does not know to be. */
  spentKeys(all: readonly PartitionRest[]): readonly string[] {
    return Object.entries(this.#checkpoint?.channels ?? {}).flatMap(([to, { pending }]) => {
      const received = all[Number(to)]!.#checkpoint?.received[this.#partition] ?? 0;
      return pending.filter(({ n }) => n <= received).flatMap((entry) => [...keysNamedIn(JSON.stringify(entry))]);
    });
  }

  /**
   * The subjects of what may have been stored late: the heads of instances that were purged, and pages of parked messages. Nobody
   * takes anything of them, and what they name is gone.
   */
  get late(): readonly string[] {
    const heads = [...this.#watch.instances.keys()]
      .filter((address) => this.#isGone(address))
      .map((address) => this.#subjects.head(address));
    const pages = Array.from(this.#streams.state.all()).filter(
      ({ subject, sequence, body }) =>
        subject.startsWith(this.#subjects.parkedPage('')) && this.#isLate(subject, sequence, body),
    );
    return [...heads, ...pages.map(({ subject }) => subject)];
  }

  /** Whether there are wake records that came too late for the last takeover, and that the next one has to remove. */
  get isLeftToNext(): boolean {
    return this.#late.length > 0;
  }

  /** Another owner has taken the partition over, and given it back. */
  checkNext(report: Violation): void {
    for (const { subject, sequence } of this.#late)
      if (this.#streams.state.latest(subject)?.sequence === sequence)
        report(`partition ${this.#partition}: leak: ${subject}, also when it is taken over again`);
  }

  check(all: readonly PartitionRest[], report: Violation): void {
    const violation = (text: string): void => report(`partition ${this.#partition}: ${text}`);
    this.#checkTables(all, violation);
    this.#checkLog(violation);
    this.#checkState(violation);
  }

  /** What a receiver has taken may still stand in a checkpoint that was stored before the sender heard of it. */
  #checkTables(all: readonly PartitionRest[], violation: Violation): void {
    if (!this.#checkpoint) return;
    const { open, locals, channels } = this.#checkpoint;
    if (open.length > 0) violation(`leak: open inputs ${JSON.stringify(open)}`);
    if (locals.length > 0) violation(`leak: ${locals.length} local messages`);
    for (const [to, { pending }] of Object.entries(channels)) {
      const received = all[Number(to)]!.#checkpoint?.received[this.#partition] ?? 0;
      for (const { n } of pending)
        if (n > received) violation(`leak: record ${n} was not received by partition ${to}, whose mark is ${received}`);
    }
  }

  /** Behind the checkpoint there may be takeovers and barriers, which changed nothing. */
  #checkLog(violation: Violation): void {
    const { log } = this.#streams;
    const { lastStep } = this.#watch;
    if (this.#generation === 0) return; // an epoch that was stored late, and whose owner is gone
    const low = this.#checkpoint?.low ?? 1;
    if (low <= lastStep) violation(`C8: leak: recovery reads from record ${low}, the last step is in ${lastStep}`);
    if (log.first < low && log.first < log.last) violation(`C8: leak: the log begins at ${log.first}, ${low} would do`);
  }

  #checkState(violation: Violation): void {
    const { state } = this.#streams;
    const known = new Set([this.#subjects.checkpoint, ...this.#pages, ...this.#segments()]);
    for (const { subject, sequence, body } of state.all()) {
      if (known.has(subject) || this.#isLate(subject, sequence, body)) continue;
      if (subject === this.#subjects.notePages || subject.startsWith(this.#subjects.notePage(''))) continue;
      const address = this.#subjects.addressOf(subject);
      if (!address || subject !== this.#subjects.head(address)) violation(`leak: ${subject}`);
      else if (!this.#isZombie(address, sequence, decodeHead(body, subject)))
        this.#checkHead(address, decodeHead(body, subject), violation);
    }
    for (const [address, instance] of this.#watch.instances)
      if (hasState(instance) && !state.latest(this.#subjects.head(address))) violation(`C7: ${address} has no head`);
  }

  /** Those that heads name. */
  *#segments(): Generator<string> {
    for (const { subject, body } of this.#streams.state.all()) {
      if (!subject.startsWith(this.#subjects.heads.slice(0, -1))) continue;
      const head = decodeHead(body, subject);
      if (head.type !== 'orchestration') continue;
      for (const segment of [...head.segments, ...(head.held ?? [])]) yield segment.subject;
    }
  }

  /**
   * The head of an instance that is gone, stored by a former owner after a later one began, or a copy that came after its
   * tombstone: who loads it removes it (P13).
   */
  #isZombie(address: string, sequence: number, { epoch }: ReturnType<typeof decodeHead>): boolean {
    if (!this.#isGone(address)) return false;
    const isCopy = sequence > (this.#watch.tombstone(address) ?? Infinity);
    return isCopy || this.#epochs.some(([later, first]) => later > epoch && sequence > first);
  }

  /** Whether there is no such instance, or no more. */
  #isGone(address: string): boolean {
    const watch = this.#watch.instances.get(address);
    return watch instanceof OrchestrationWatch ? watch.executionId === '' : (watch?.isGone ?? false);
  }

  /** A write of a former owner, or one that was on its way for long: the next takeover finds it. */
  #isLate(subject: string, sequence: number, body: Uint8Array): boolean {
    if (subject.startsWith(`${this.#subjects.checkpoint}.`)) return sequence > this.#since;
    // A segment whose owner died before the head that names it stays until the instance is deleted (known).
    const segment = /\.h\.[^.]+\.[^.]+\.(\d+)\.\d+$/.exec(subject);
    if (segment) return this.#epochs.some(([epoch]) => epoch > Number(segment[1]));
    const parked = this.#subjects.parkedPage('');
    // A later owner looks only for what its predecessor left (known: one message may stay).
    if (subject.startsWith(parked)) {
      if (this.#watch.cameAgain(subject)) return true;
      const epoch = Number(subject.slice(parked.length).split('.')[0]);
      return this.#epochs.some(([later, first]) => later > epoch && sequence > first);
    }
    const address = this.#subjects.addressOf(subject);
    if (!address || subject !== this.#subjects.wake(address)) return false;
    const { epoch, at = 0 } = decodeWake(body, subject);
    // Its owner has found it at its claim, waits for that time, and removes it then.
    if (at > this.#now && (this.#isGone(address) || this.#isOfFormer(epoch, sequence))) return true;
    if (!this.#isLateWake(address, sequence, epoch)) return false;
    if (at <= this.#now) this.#late.push({ subject, sequence });
    return true;
  }

  /**
   * What a former owner stored behind the claim of the last one, who had listed what there was by then, and a copy of what the
   * last one stored, if it is behind what it removed or wrote next.
   */
  #isLateWake(address: string, sequence: number, epoch: number): boolean {
    const [last = 0, claimed = Infinity] = this.#epochs.at(-1) ?? [];
    const isFormer = epoch < last && sequence > claimed;
    if (this.#isGone(address))
      return isFormer || (sequence > claimed && sequence > (this.#watch.tombstone(address) ?? Infinity));
    return isFormer || sequence > (this.#streams.state.latest(this.#subjects.head(address))?.sequence ?? Infinity);
  }

  /** Whether an owner before the last one stored it, behind what another one had already claimed. */
  #isOfFormer(epoch: number, sequence: number): boolean {
    const [last = 0] = this.#epochs.at(-1) ?? [];
    return epoch < last && this.#epochs.some(([later, first]) => later > epoch && sequence > first);
  }

  /** It shows all that the log said. */
  #checkHead(address: string, head: ReturnType<typeof decodeHead>, violation: Violation): void {
    const watch = this.#watch.instances.get(address);
    const { values } = this.#watch;
    const whole = { ...values.whole(head, violation), logSeq: this.#watch.records };
    if (watch instanceof EntityWatch && whole.type === 'entity' && !watch.isGone) watch.checkHead(whole);
    else if (watch instanceof OrchestrationWatch && whole.type === 'orchestration') watch.checkHead(whole);
    else if (watch instanceof OrchestrationWatch && whole.type === 'early') watch.checkEarlyHead(whole);
    else violation(`C7: ${address} has a head of type ${head.type}`);
  }
}

function hasState(instance: EntityWatch | OrchestrationWatch): boolean {
  return instance instanceof EntityWatch ? instance.state !== undefined : instance.executionId !== '';
}
