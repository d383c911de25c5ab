import { OwnershipLostError } from '../errors.js';
import { decodeAdvert } from '../wire/advert-codec.js';
import type { PendingLocal } from '../wire/checkpoint.js';
import type { Message } from '../wire/messages.js';
import type { DroppedInput } from '../wire/record.js';
import { encodeNotice } from '../wire/query-codec.js';
import type { Notice } from '../wire/queries.js';
import { partitionSubjects } from '../wire/subjects.js';
import type { Activation, InstanceTimer } from './activation.js';
import { ActivityRunner } from './activity-runner.js';
import { Barrier } from './barrier.js';
import { Channels } from './channels.js';
import { Committer } from './committer.js';
import { DueTimers, type WakeUp } from './due-timers.js';
import { Flusher } from './flusher.js';
import type { Group } from './group.js';
import { Heads, readWake } from './heads.js';
import type { Host } from './host.js';
import { Inbox } from './inbox.js';
import type { Instance } from './instance.js';
import { Instances } from './instances.js';
import { Loading } from './loading.js';
import { OrchestrationActivation } from './orchestration-activation.js';
import type { HubPorts, PartitionPorts, Subscription } from './ports.js';
import { Reads } from './reads.js';
import type { Recovered } from './recovery.js';
import type { PartitionTables } from './tables.js';
import { Upkeep } from './upkeep.js';

/** The parts of a partition in the hands of one owner, from the takeover to the end. */
export class PartitionRun {
  readonly #ports: PartitionPorts;
  readonly #tables: PartitionTables;
  readonly #recovered: Recovered;
  readonly #options: { readonly maxActivations: number; readonly stopTimeoutInMilliseconds: number };
  readonly #ended: (error: Error | undefined) => void;
  readonly #hub: HubPorts;
  readonly #committer: Committer;
  readonly #inbox: Inbox;
  readonly #instances: Instances;
  readonly #heads: Heads;
  readonly #flusher: Flusher;
  readonly #channels: Channels;
  readonly #timers: DueTimers;
  readonly #activities: ActivityRunner;
  readonly #reads: Reads;
  readonly #loading: Loading;
  readonly #upkeep: Upkeep;
  readonly #subscriptions: Subscription[] = [];
  #mail: Subscription | undefined;
  #isOver = false;

  constructor(
    ports: PartitionPorts,
    hub: HubPorts,
    host: Host,
    recovered: Recovered,
    options: { readonly maxActivations: number; readonly stopTimeoutInMilliseconds: number },
    ended: (error: Error | undefined) => void,
  ) {
    const { tables, checkpoints, low } = recovered;
    const fail = (error: Error): void => this.#fail(error);
    this.#ports = ports;
    this.#hub = hub;
    this.#recovered = recovered;
    this.#tables = tables;
    this.#options = options;
    this.#ended = ended;
    this.#heads = new Heads(ports, { epoch: tables.epoch, low, firstCheckpoints: checkpoints.firstDirectories });
    this.#inbox = new Inbox(tables, ports.subjects, hub.partitions, {
      deliver: (address, input) => this.#instances.deliver(address, input),
      drop: (dropped) => this.#drop(dropped),
      answerCopy: (message) => this.#answerCopy(message),
    });
    this.#committer = new Committer(tables, ports, hub.partitions, {
      sealing: (group) => {
        this.#flusher.sealing(group);
        return this.#inbox.accept(group);
      },
      acknowledged: (group, sequence) => this.#acknowledged(group, sequence),
      failed: fail,
    });
    this.#flusher = new Flusher(tables, ports, this.#heads, this.#committer, fail);
    this.#loading = new Loading(host, this.#heads, ports.random, recovered, (instance, since) =>
      this.#flusher.recovered(instance, since),
    );
    this.#instances = new Instances(ports, this.#committer, this.#inbox, (instance) => this.#load(instance), fail);
    this.#channels = new Channels(tables, ports, (partition) => partitionSubjects(hub.name, partition).envelopes);
    this.#timers = new DueTimers(
      ports.clock,
      (timer) => this.#due(timer),
      () => this.#instances.pump(),
    );
    this.#activities = new ActivityRunner(host, ports, (instance, body) => {
      this.#instances.deliver(instance.address, { body });
      this.#instances.pump();
    });
    const barrier = new Barrier(tables, ports, this.#committer);
    this.#reads = new Reads(tables, ports, this.#instances, this.#heads, barrier, fail);
    this.#upkeep = new Upkeep(ports, hub.subjects.received, recovered, this.#instances, this.#flusher, {
      maxActivations: options.maxActivations,
      failed: fail,
    });
  }

  get replayedEvents(): number {
    return this.#upkeep.replayedEvents;
  }

  /** The last steps of a takeover (P9): wake what was pending, send again, then take mail. */
  async start(): Promise<void> {
    const { bus, views, subjects } = this.#ports;
    this.#subscriptions.push(
      bus.subscribe(this.#hub.subjects.received, (body) => this.#advertised(body)),
      bus.subscribe(subjects.queries, (body, reply) => {
        if (reply !== undefined && !this.#isOver) void this.#reads.answer(body, reply);
      }),
    );
    const waking = new Set(this.#recovered.tail.keys());
    for await (const { subject, body, sequence } of views.scan(subjects.wakes)) {
      const address = subjects.addressOf(subject);
      if (address === undefined) continue;
      this.#instances.instance(address).wakeSequence = sequence;
      const { at, load } = readWake(body, subject);
      if (load) waking.add(address);
      else if (at !== undefined) this.#timers.add({ kind: 'wake', address, at });
    }
    await Promise.all(Array.from(waking, (address) => this.#instances.loaded(address)));
    if (this.#isOver) return;
    this.#channels.flushAll();
    const { cursor, locals } = this.#tables;
    const waiting = [...locals.values()];
    this.#redeliver(waiting, cursor);
    this.#mail = this.#ports.mailbox.consume(
      cursor + 1,
      async (batch) => {
        for (const message of batch) {
          this.#inbox.take(message);
          if (waiting.length > 0) this.#redeliver(waiting, message.sequence);
        }
        this.#instances.pump();
        await this.#instances.whenRoom();
      },
      (from, to) =>
        this.#ports.logger.error('Mail is missing: the stream does not hold it any more', {
          instance: this.#name,
          from,
          to,
        }),
    );
    this.#instances.pump();
    this.#upkeep.start();
  }

  /** Local messages that a former owner left take their places again, behind the mail that stood before them. */
  #redeliver(waiting: PendingLocal[], taken: number): void {
    for (let next = waiting[0]; next && next.behind <= taken; next = waiting[0]) {
      waiting.shift();
      const { counter, index, message } = next;
      this.#instances.deliver(message[0], { body: message[1], local: [counter, index] });
    }
  }

  async stop(): Promise<void> {
    if (this.#isOver) return;
    this.#mail?.close();
    this.#timers.stop();
    await this.#activities.drain(this.#options.stopTimeoutInMilliseconds);
    this.#activities.stop();
    await this.#drain();
    await this.#flusher.drain();
    if (!this.#isOver) await this.#upkeep.checkpoint();
    this.#close();
  }

  /** Waits until nothing runs and all is acknowledged, or for the time that is given. */
  async #drain(): Promise<void> {
    const { clock } = this.#ports;
    const deadline = clock.now() + this.#options.stopTimeoutInMilliseconds;
    while (!this.#isOver && clock.now() < deadline) {
      await this.#committer.whenAcknowledged();
      if (this.#instances.isQuiet && this.#committer.isQuiet) return;
      await new Promise<void>((resolve) => clock.after(5, resolve));
    }
  }

  get #name(): string {
    return `partition ${this.#ports.subjects.partition}`;
  }

  #fail(error: Error): void {
    if (this.#isOver) return;
    const level = error instanceof OwnershipLostError ? 'warn' : 'error';
    this.#ports.logger[level](error.message, { instance: this.#name });
    this.#close();
    this.#ended(error);
  }

  /** Drops everything that is not in the streams (C10). */
  #close(): void {
    this.#isOver = true;
    this.#mail?.close();
    for (const subscription of this.#subscriptions) subscription.close();
    this.#upkeep.stop();
    this.#timers.stop();
    this.#activities.stop();
    this.#channels.close();
    this.#flusher.stop();
    this.#committer.stop();
    this.#instances.stop();
  }

  async #load(instance: Instance): Promise<Activation> {
    const activation = await this.#loading.load(instance);
    const { activities, timers } = activation.pending();
    for (const timer of timers) this.#timers.add(timer);
    for (const activity of activities) this.#activities.start(instance, activity, 2);
    if (activation instanceof OrchestrationActivation && activation.state.status === 'Suspended')
      this.#instances.deliver(instance.address, { body: { kind: 'resume' } });
    return activation;
  }

  /** Nothing leaves before this (C1). */
  #acknowledged(group: Group, sequence: number): void {
    if (this.#isOver) return;
    this.#inbox.acknowledged();
    for (const partition of group.outputs.keys()) this.#channels.flush(partition);
    for (const [instance, activity] of group.activities) this.#activities.start(instance, activity, 1);
    for (const [inbox, notice] of group.notices) this.#tell(inbox, notice);
    for (const timer of group.timers) this.#timers.add(timer);
    this.#flusher.acknowledged(group, sequence);
    this.#instances.acknowledged();
    this.#instances.pump();
  }

  #tell(inbox: string, notice: Notice): void {
    const { bus, maxBodyBytes } = this.#ports;
    const body = encodeNotice(notice);
    if (body.length <= maxBodyBytes) return bus.publish(inbox, body);
    if (notice.kind === 'outcome') return; // the client asks for it
    const { output: _output, failure: _failure, ...short } = notice;
    bus.publish(inbox, encodeNotice({ ...short, ask: true }));
  }

  #due(timer: InstanceTimer | WakeUp): void {
    if (timer.kind === 'timer') this.#instances.deliver(timer.address, { body: timer });
    else this.#instances.loaded(timer.address).catch((error: unknown) => this.#fail(error as Error));
  }

  #drop(dropped: DroppedInput): void {
    const { sequence, index, reason } = dropped;
    this.#ports.logger.warn('Mail that no instance can take was dropped', {
      instance: this.#name,
      sequence,
      index,
      reason,
    });
    this.#committer.group.drop(dropped);
    this.#inbox.consumed([sequence, index]);
  }

  /** The answer to the first copy may have been lost; if it is not there yet, it is still to come. */
  #answerCopy(message: Message): void {
    if (message.kind === 'result' || message.id === undefined || message.reply === undefined) return;
    const outcome = this.#tables.outcomes.get(message.id);
    if (outcome) this.#tell(message.reply, { v: 1, kind: 'outcome', outcome });
  }

  #advertised(body: Uint8Array): void {
    const decoded = decodeAdvert(body);
    if ('refused' in decoded || this.#isOver) return;
    const { partition, epoch, received } = decoded.value;
    this.#channels.advertised(partition, epoch, received[this.#ports.subjects.partition] ?? 0);
  }
}
