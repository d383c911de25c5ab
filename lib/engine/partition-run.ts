import { OwnershipLostError, type FailureDetails } from '../errors.js';
import type { Address } from '../wire/messages.js';
import type { PartitionInspection } from '../wire/inspection.js';
import type { DroppedInput } from '../wire/record.js';
import type { Activation, InputBody, PendingActivity } from './activation.js';
import { asError } from './as-error.js';
import { Barrier, type Position } from './barrier.js';
import { CallCycles, type Circle } from './call-cycles.js';
import { Channels } from './channels.js';
import { Committer } from './committer.js';
import { isDamage, isUnreadable, unlessUnreadable } from './damage.js';
import { DeadLetters, type Told } from './dead-letters.js';
import { ChildrenSearch } from './children-search.js';
import { Delegation } from './delegation.js';
import { Dispatcher } from './dispatcher.js';
import { DueTimers } from './due-timers.js';
import { EntityReads } from './entity-reads.js';
import { Flusher } from './flusher.js';
import { mailboxLimitOf, refuse, refuses, refusesPlanned } from './full-mailboxes.js';
import type { Group } from './group.js';
import { HandOver } from './hand-over.js';
import { Heads } from './heads.js';
import type { Host } from './host.js';
import { inTime } from './in-time.js';
import { Inbox } from './inbox.js';
import { Intake } from './intake.js';
import { failedResult } from './orchestration-activities.js';
import type { Instance } from './instance.js';
import { inspectionOf } from './inspecting.js';
import { breakLock, timeHasCome } from './locked-entities.js';
import { Instances } from './instances.js';
import { Loading } from './loading.js';
import { LocalActivities } from './local-activities.js';
import type { SharedActivities } from './shared-activities.js';
import { OrchestrationQueries } from './orchestration-queries.js';
import type { Beside } from './operation-calls.js';
import { ParkedPages } from './parked-pages.js';
import { tellAll } from './notices.js';
import { Parking } from './parking.js';
import type { HubPorts, PartitionPorts, Subscription } from './ports.js';
import { PartitionValues } from './partition-values.js';
import { Quarantine } from './quarantine.js';
import { Reads } from './reads.js';
import type { RunOptions } from './run-options.js';
import { StorageWatch } from './storage-watch.js';
import { reasonOf } from './successors.js';
import type { Recovered } from './recovery.js';
import type { PartitionTables } from './tables.js';
import { Upkeep } from './upkeep.js';
import { WakeHints } from './wake-hints.js';

/** How much longer a stop may take to store what was committed, in milliseconds: the server may be down. */
const STORING_TIMEOUT = 5_000;

/** The parts of a partition in the hands of one owner, from the takeover to the end. */
export class PartitionRun {
  readonly #ports: PartitionPorts;
  readonly #tables: PartitionTables;
  readonly #recovered: Recovered;
  readonly #options: RunOptions;
  readonly #ended: (error: Error | undefined) => void;
  readonly #hub: HubPorts;
  readonly #committer: Committer;
  readonly #inbox: Inbox;
  readonly #deadLetters: DeadLetters;
  readonly #quarantine: Quarantine;
  readonly #delegation: Delegation;
  readonly #instances: Instances;
  readonly #values: PartitionValues;
  readonly #heads: Heads;
  readonly #flusher: Flusher;
  readonly #channels: Channels;
  readonly #handOver: HandOver;
  readonly #timers: DueTimers;
  readonly #activities: LocalActivities;
  readonly #dispatcher: Dispatcher;
  readonly #barrier: Barrier;
  readonly #reads: Reads;
  readonly #loading: Loading;
  readonly #upkeep: Upkeep;
  readonly #storageWatch: StorageWatch;
  readonly #subscriptions: Subscription[] = [];
  readonly #intake: Intake;
  readonly #parking: Parking;
  readonly #wakes: WakeHints;
  readonly #cycles: CallCycles;
  /** What the partition looks like now. */
  readonly inspect: () => PartitionInspection;
  #isOver = false;
  #isStopping = false;

  constructor(
    ports: PartitionPorts,
    hub: HubPorts,
    host: Host,
    recovered: Recovered,
    options: RunOptions,
    shared: SharedActivities,
    ended: (error: Error | undefined) => void,
  ) {
    const { tables, checkpoints, low } = recovered;
    const { loops } = options;
    const fail = (error: unknown): void => this.#fail(error);
    this.#ports = ports;
    this.#hub = hub;
    this.#recovered = recovered;
    this.#tables = tables;
    this.#options = options;
    this.#ended = ended;
    this.#values = new PartitionValues(ports, hub, tables, loops);
    const fence = { epoch: tables.epoch, low, firstCheckpoints: checkpoints.firstDirectories, purged: tables.purged };
    this.#heads = new Heads(ports, fence, this.#values.spent);
    this.#inbox = new Inbox(tables, ports.subjects, hub.partitions, {
      deliver: (address, input) => this.#instances.deliver(address, input),
      drop: (dropped, message, told) => void this.#deadLetters.bury(dropped, message, told).catch(fail),
      answerCopy: (message, session, number) => this.#reads.answerCopy(message, session, number),
      note: () => (this.#committer.group.isNoted = true),
    });
    this.#deadLetters = new DeadLetters(ports, (input, told) => this.#drop(input, told), loops);
    const committed = {
      sealing: (group: Group) => {
        this.#flusher.sealing(group);
        return this.#inbox.accept(group);
      },
      acknowledged: (group: Group, first: number) => this.#acknowledged(group, first),
      failed: fail,
    };
    this.#committer = new Committer(tables, ports, hub.partitions, committed, loops);
    const flushed = { written: (instance: Instance) => this.#instances.stored(instance), failed: fail };
    this.#flusher = new Flusher(tables, ports, this.#heads, this.#committer, flushed, loops);
    this.#wakes = new WakeHints(tables, this.#heads, this.#flusher);
    const called: Beside = (entity, output, isWanted) =>
      this.#instances.journals.called(this.#instances.instance(entity), output, isWanted);
    this.#loading = new Loading(host, this.#heads, ports, new ChildrenSearch(hub, loops), recovered, {
      isBehind: (instance, since) => this.#flusher.recovered(instance, since),
      called,
    });
    const accuse = ({ address }: Instance, reason: string): void => this.#quarantine.add(address, reason);
    const { partition } = ports.subjects;
    this.#delegation = new Delegation(hub, partition, options.directory, { accuse, called }, loops);
    this.#quarantine = new Quarantine({
      tables,
      ports,
      group: () => this.#committer.group,
      wake: (address) => this.#instances.wake(address),
      pump: () => this.#instances.pump(),
      refuse: (instance, input, error) => refuse(parts, instance, input, error),
    });
    this.#instances = new Instances(ports, this.#committer, this.#inbox, this.#values.large, options, {
      fresh: (instance) => this.#loading.fresh(instance),
      load: (instance) => this.#load(instance),
      unloadable: (instance, error) => void this.#unloadable(instance, error),
      recall: (instance, run) => this.#parking.recall(instance, run),
      crowded: (instance) => this.#parking.crowded(instance),
      limitOf: (address) => mailboxLimitOf(address, host, options.mail),
      unwritten: () => this.#flusher.unwritten,
      refuses: (instance, input) => refuses(parts, instance, input),
      waits: (instance, input) => this.#cycles.waits(instance, input),
      stands: (instance) => this.#cycles.stands(instance),
      place: (output) => this.#activities.place(output),
      holds: (address) => this.#quarantine.holds(address),
      admits: (instance, input) => this.#quarantine.admits(instance, input),
      discards: (instance, input) =>
        this.#quarantine.discards(instance, input) || refusesPlanned(parts, instance, input),
      took: (instance) => this.#quarantine.took(instance),
      delegate: (instance, code, input) => this.#delegation.run(instance, code, input),
      mustHoldBack: (instance, code, input) => this.#delegation.mustHoldBack(instance, code, input),
      asked: (instance) => this.#delegation.look(instance),
      failed: fail,
    });
    const parts = {
      tables,
      clock: ports.clock,
      pages: new ParkedPages(ports, { epoch: tables.epoch, known: checkpoints.sequence }, tables.parked.snapshot()),
      instances: this.#instances,
      inbox: this.#inbox,
      committer: this.#committer,
      loops,
      bury: (dropped: DroppedInput, body: Uint8Array, to: Address) =>
        void this.#deadLetters.buryMessage(dropped, body, to).catch(fail),
      lost: (instance: Address, reason: string) => ports.logger.warn('A signal was dropped', { instance, reason }),
    };
    this.#parking = new Parking(parts, options.mail, fail);
    this.#cycles = new CallCycles(hub, this.#instances, this.#parking, (...refused) => refuse(parts, ...refused));
    this.#intake = new Intake(tables, ports, this.#inbox, this.#instances, this.#deadLetters, this.#parking, fail);
    const envelopes = (partition: number): string => hub.subjects.partition(partition).envelopes;
    this.#channels = new Channels(tables, ports, envelopes, fail, loops, (to, entries) =>
      this.#handOver.hand(to, entries),
    );
    const due = (address: Address): void => timeHasCome(this.#instances, address);
    this.#timers = new DueTimers(ports.clock, due, () => this.#instances.pump());
    const answer = (address: Address, body: InputBody): void => {
      this.#instances.deliver(address, { body, bytes: 0 });
      this.#instances.pump();
    };
    this.#activities = new LocalActivities(host, ports, shared, ({ address }, body) => answer(address, body));
    const refused = (address: Address, activity: PendingActivity, failure: FailureDetails): void =>
      answer(address, failedResult(activity, failure));
    this.#dispatcher = new Dispatcher(tables, hub, host, this.#committer, refused, loops);
    this.#barrier = new Barrier(tables, ports, this.#committer, loops);
    const place = { partition, worker: host.worker, held: this.#quarantine.held };
    this.inspect = () => inspectionOf(tables, this.#instances, this.#committer, loops, place);
    const stored = { values: this.#values.large, segments: this.#heads.segments };
    const queries = new OrchestrationQueries(host, ports, this.#instances, this.#delegation, stored, options.code);
    const operators = {
      inspect: this.inspect,
      stored: () => this.#upkeep.stored(),
      release: (address: Address, discard: boolean) => this.#quarantine.release(address, discard),
      breakLock: (address: Address, fence: number) => breakLock(this.#instances, address, fence),
      circle: (circle: Circle) => this.#cycles.heard(circle),
    };
    const holds = (address: Address): boolean => this.#quarantine.holds(address);
    this.#handOver = new HandOver(shared.neighbours, { ...parts, partition, channels: this.#channels, holds });
    const entityReads = new EntityReads({ ...parts, ports, worker: host.worker, holds });
    this.#reads = new Reads(tables, ports, this.#instances, queries, entityReads, this.#barrier, operators, fail);
    const { received } = hub.subjects;
    const sweeping = { earlyEventsKept: host.earlyEventsKept, paging: shared.paging };
    this.#upkeep = new Upkeep(ports, received, recovered, this.#instances, this.#flusher, sweeping, fail, loops);
    this.#storageWatch = new StorageWatch(ports, recovered, () => this.#upkeep.keptFrom, fail, loops);
  }

  get waitingBytes(): number {
    return this.#instances.bytes;
  }

  get replayedEvents(): number {
    return this.#instances.replayedEvents;
  }

  /** The last steps of a takeover (P9): wake what was pending, send again, then take mail. */
  async start(): Promise<void> {
    const { bus, subjects } = this.#ports;
    this.#subscriptions.push(
      bus.subscribe(this.#hub.subjects.received, (body) => this.#channels.heard(body)),
      bus.subscribe(subjects.queries, (body, reply) => {
        if (!this.#isOver) void this.#reads.answer(body, reply);
      }),
    );
    const waking = new Set(this.#recovered.tail.keys());
    for (const { to } of this.#tables.undispatched.all()) waking.add(to);
    await this.#wakes.read(this.#ports, this.#recovered.checkpoints.sequence, {
      load: (address) => void waking.add(address),
      schedule: (address, at) => this.#timers.schedule(address, at),
    });
    await Promise.all(Array.from(waking, (address) => unlessUnreadable(this.#instances.loaded(address))));
    if (this.#isOver || this.#isStopping) return;
    this.#channels.flushAll();
    this.#dispatcher.recover((to) => this.#instances.instance(to).activation?.pendingActivities('queued'));
    this.#quarantine.start();
    this.#intake.start();
    this.#parking.start();
    this.#upkeep.start();
    this.#handOver.start();
    this.#storageWatch.start();
    this.#values.start();
    const listing = this.#options.loops.watch('the listing of heads', this.#heads.known.list());
    void listing.catch((error: unknown) => this.#fail(error));
  }

  /** Resolves once it is seen that the partition is still owned here; fails the run when it is not. */
  confirm(): Promise<Position> {
    return this.#barrier.confirm((error) => this.#fail(error));
  }

  /** Gives the partition up at once: somebody else is about to take it over. */
  abandon(error: OwnershipLostError): void {
    this.#fail(error);
  }

  /** Graceful, but never for longer than it may take: what is not stored then, the next owner recovers. */
  async stop(): Promise<void> {
    if (this.#isOver) return;
    this.#isStopping = true;
    this.#handOver.close();
    const { clock } = this.#ports;
    const { stopTimeoutInMilliseconds: timeout } = this.#options;
    const late = (): void =>
      this.#ports.logger.warn('It did not stop in time; what is not stored is recovered by the next owner', {
        instance: this.#name,
      });
    try {
      await inTime(clock, timeout + STORING_TIMEOUT, this.#giveBack(clock.now() + timeout), late);
    } finally {
      this.close();
    }
  }

  async #giveBack(deadline: number): Promise<void> {
    // While the last activities run, everything else goes on: who waits for the partition waits for the rest only.
    await this.#activities.drain(deadline - this.#ports.clock.now());
    this.#intake.close();
    this.#timers.stop();
    this.#activities.giveBack();
    await this.#drain(deadline);
    await this.#dispatcher.drain(deadline - this.#ports.clock.now());
    this.#instances.stop();
    await this.#committer.whenAcknowledged();
    await this.#flusher.drain();
    if (!this.#isOver) await this.#upkeep.checkpoint({ released: true });
    await this.#values.spent.drain();
  }

  /** Waits until nothing runs and all is acknowledged, or for the time that is given. */
  async #drain(deadline: number): Promise<void> {
    const { clock } = this.#ports;
    while (!this.#isOver && clock.now() < deadline) {
      if (this.#instances.isQuiet && this.#committer.isQuiet) return;
      await new Promise<void>((resolve) => clock.after(5, resolve));
    }
  }

  get #name(): string {
    return `partition ${this.#ports.subjects.partition}`;
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.close();
    void reasonOf(asError(error), this.#ports, this.#tables.epoch).then((reason) => {
      const level = reason instanceof OwnershipLostError ? 'warn' : 'error';
      this.#ports.logger[level](reason.message, { instance: this.#name });
      this.#ended(reason);
    });
  }

  /** Drops everything that is not in the streams (C10). */
  close(): void {
    this.#isOver = true;
    this.#intake.close();
    for (const subscription of this.#subscriptions) subscription.close();
    for (const part of [this.#upkeep, this.#storageWatch, this.#parking, this.#timers, this.#cycles]) part.stop();
    this.#activities.stop();
    this.#dispatcher.close();
    this.#channels.close();
    this.#handOver.end();
    for (const part of [
      this.#deadLetters,
      this.#heads.known,
      this.#flusher,
      this.#committer,
      this.#values,
      this.#instances,
    ])
      part.stop();
    this.#delegation.close();
  }

  async #load(instance: Instance): Promise<Activation> {
    const activation = await this.#loading.load(instance);
    this.#wakes.mend(instance, activation);
    this.#timers.schedule(instance.address, activation.dueAt);
    const pending = activation.pendingActivities('local');
    if (pending.length > 0) this.#activities.recover(instance, pending);
    if (activation.holdsBack) this.#instances.deliver(instance.address, { body: { kind: 'resume' }, bytes: 0 });
    return activation;
  }

  /** What cannot be read takes nothing, and the others go on; what a later owner has removed is not damaged. */
  async #unloadable({ address }: Instance, thrown: unknown): Promise<void> {
    const error = isDamage(thrown) ? await reasonOf(thrown, this.#ports, this.#tables.epoch) : thrown;
    if (!isUnreadable(error)) return this.#fail(error);
    this.#quarantine.exclude(address, error);
    this.#instances.pump();
  }

  /** Nothing leaves before this (C1). */
  #acknowledged(group: Group, first: number): void {
    if (this.#isOver) return;
    this.#inbox.acknowledged();
    this.#parking.acknowledged();
    for (const partition of group.outputs.keys()) this.#channels.flush(partition);
    for (const [instance, activity] of group.activities) this.#activities.start(instance, activity);
    for (const [{ address }, activity] of group.queued) this.#dispatcher.send(address, activity);
    for (const [instance, tasks] of group.unwanted)
      this.#dispatcher.cancel(tasks, this.#activities.cancel(instance, tasks));
    tellAll(this.#ports, group.notices);
    this.#reads.acknowledged(group);
    for (const instance of group.instances) {
      this.#timers.schedule(instance.address, instance.activation?.dueAt);
      instance.settled(group);
    }
    this.#values.spent.add(group.spent);
    this.#values.spent.add(this.#tables.outcomeValues.take());
    this.#flusher.acknowledged(group, first);
    // From here on things run, and the next group may be sealed: not before all of the above knows of this one (C7).
    this.#instances.acknowledged();
    this.#quarantine.acknowledged(group);
    this.#instances.pump();
  }

  #drop(input: DroppedInput, told: Told): void {
    const { group } = this.#committer;
    group.drop(input);
    for (const [inbox, outcome] of told) group.notices.push([inbox, { v: 1, kind: 'outcome', outcome }]);
    this.#inbox.consumed([input.sequence, input.index]);
    this.#instances.pump();
  }
}
