import { Entity, Operation } from '../../decorators/index.js';
import { EntityContext } from '../../lib/core/entity-context.js';
import { diagnose, isHealthy } from '../../lib/engine/diagnosis.js';
import { acceptLoss } from '../../lib/engine/loss-acceptance.js';
import { PartitionOwner } from '../../lib/engine/partition-owner.js';
import type { Logger } from '../../lib/engine/ports.js';
import type { MemoryConnection } from '../../lib/memory/connection.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import type { SeededRandom } from '../../lib/memory/random.js';
import type { Json } from '../../lib/core/values.js';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { withChanges } from '../../lib/wire/entity-state.js';
import { decodeHead } from '../../lib/wire/head-codec.js';
import { createHost } from '../../lib/worker/host.js';
import { MemoryClient } from '../engine/surroundings.js';
import type { Violation } from './instance-watch.js';

/** So long something of this may take, in virtual milliseconds. */
const PATIENCE = 60_000;
/** So long partitions need to tell each other everything, with a channel that begins anew. */
const REST = 12_000;
const MESSAGES = 12;
const KEYS = ['w0', 'w1', 'w2', 'w3', 'w4', 'w5'] as const;
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

@Entity('witness')
class Witness {
  state: { log: string[] } = { log: [] };
  @Operation({ input: String }) add(id: string): void {
    this.state.log.push(id);
  }
  @Operation({ input: 'unknown' }) pass({ to, id }: { to: string; id: string }, context: EntityContext): void {
    this.state.log.push(id);
    context.signalEntity('witness', to, 'add', `${id}>`);
  }
}

const host = createHost('operator', { entities: [Witness] });

/** A message of a client: one that is passed on stands in the log of another entity as well. */
interface Sent {
  readonly key: string;
  readonly id: string;
  readonly to: string | undefined;
}

/** Work that a power loss cuts off, the acceptance of what is lost by it, and how the hub goes on. */
export class AcceptedLoss {
  readonly #hub: MemoryHub;
  readonly #partition: number;
  readonly #random: SeededRandom;
  readonly #violation: Violation;
  readonly #before: Sent[] = [];
  /** By which entity something was passed on. */
  readonly #passedBy = new Map<string, string>();

  constructor(hub: MemoryHub, partition: number, random: SeededRandom, violation: Violation) {
    this.#hub = hub;
    this.#partition = partition;
    this.#random = random;
    this.#violation = violation;
  }

  /** Something is under way in all partitions when all processes end. */
  async work(): Promise<void> {
    const { scheduler } = this.#hub.world;
    const owner = await this.#own('worked');
    const sent = this.#send('before', this.#before);
    await scheduler.advance(this.#random.below(1_500));
    owner.connection.kill();
    await scheduler.settle(sent, PATIENCE);
    await scheduler.advance(100); // what was sent arrives
  }

  /** The loss is accepted, and everything works again: what is new is done once and in order, and nothing old a second time. */
  async accept(what: string): Promise<void> {
    const { scheduler } = this.#hub.world;
    const doctor = memoryHubPorts(this.#hub.connect('doctor'), silent);
    const [found] = await scheduler.settle(diagnose(doctor, [this.#partition]), PATIENCE);
    if (isHealthy(found!)) this.#violation(`P12: partition ${this.#partition} has ${what}, and is found whole`);
    await scheduler.settle(acceptLoss(doctor, this.#partition, host), PATIENCE);
    const owner = await this.#own('again');
    const after: Sent[] = [];
    await scheduler.settle(this.#send('after', after), PATIENCE);
    await scheduler.advance(REST);
    await scheduler.settle(Promise.all(owner.owners.map((each) => each.stop())), PATIENCE);
    for (const diagnosis of await scheduler.settle(diagnose(doctor, this.#partitions), PATIENCE))
      if (!isHealthy(diagnosis))
        this.#violation(`P12: a loss of partition ${this.#partition} is accepted: ${JSON.stringify(diagnosis.losses)}`);
    this.#checkOnce(what);
    this.#checkThere(after, what);
    const kept = this.#before.filter(({ key }) => this.#partitionOf(key) !== this.#partition);
    this.#checkThere(
      kept.map((sent) =>
        sent.to !== undefined && this.#partitionOf(sent.to) === this.#partition ? { ...sent, to: undefined } : sent,
      ),
      what,
    );
  }

  get #partitions(): readonly number[] {
    return Array.from({ length: this.#hub.partitions }, (_, partition) => partition);
  }

  async #own(name: string): Promise<{ connection: MemoryConnection; owners: readonly PartitionOwner[] }> {
    const connection = this.#hub.connect(name);
    const ports = memoryHubPorts(connection, silent);
    const owners = this.#partitions.map((partition) => new PartitionOwner(partition, ports, host));
    await this.#hub.world.scheduler.settle(Promise.all(owners.map((owner) => owner.claim())), PATIENCE);
    return { connection, owners };
  }

  /** Resolves when all is acknowledged. */
  async #send(name: string, sent: Sent[]): Promise<void> {
    const client = new MemoryClient(this.#hub, name);
    const sending: Promise<void>[] = [];
    for (let number = 0; number < MESSAGES; number++) {
      const key = KEYS[this.#random.below(KEYS.length)]!;
      const to = this.#random.below(2) === 0 ? KEYS[this.#random.below(KEYS.length)] : undefined;
      const id = `${name}.${number}`;
      sent.push({ key, id, to });
      this.#passedBy.set(`${id}>`, key);
      sending.push(
        to === undefined ? client.signal('witness', key, 'add', id) : client.signal('witness', key, 'pass', { to, id }),
      );
    }
    await Promise.all(sending);
  }

  /** Nothing is there twice, and what one sender sent is in its order. */
  #checkOnce(what: string): void {
    for (const key of KEYS) {
      const log = this.#logOf(key);
      if (new Set(log).size < log.length)
        this.#violation(`P12: partition ${this.#partition} has ${what}; twice: ${log.join(' ')}`);
      const lanes = new Map<string, number>();
      for (const id of log) {
        const [name, number] = id.replace('>', '').split('.') as [string, string];
        const lane = id.endsWith('>') ? `${name} by ${this.#passedBy.get(id)}` : name;
        if (Number(number) < (lanes.get(lane) ?? -1))
          this.#violation(`C6: partition ${this.#partition} has ${what}; out of order: ${log.join(' ')}`);
        lanes.set(lane, Number(number));
      }
    }
  }

  #checkThere(sent: readonly Sent[], what: string): void {
    for (const { key, id, to } of sent)
      for (const [of, entry] of [[key, id] as const, ...(to === undefined ? [] : [[to, `${id}>`] as const])])
        if (!this.#logOf(of).includes(entry))
          this.#violation(
            `P12: partition ${this.#partition} has ${what}; ${entry} is not in ${of}: ${this.#logOf(of).join(' ')}`,
          );
  }

  #partitionOf(key: string): number {
    return partitionOf(entityAddress({ name: 'witness', key }), this.#hub.partitions);
  }

  #logOf(key: string): readonly string[] {
    const address = entityAddress({ name: 'witness', key });
    const streams = this.#hub.streams(this.#partitionOf(key));
    const stored = streams.state.latest(this.#hub.subjects.partition(this.#partitionOf(key)).head(address));
    const head = stored && decodeHead(stored.body, key);
    if (head?.type !== 'entity') return [];
    const { stateRef, patches } = head;
    const body = stateRef && this.#hub.objects.get(stateRef.key)?.body;
    const state = body ? (JSON.parse(new TextDecoder().decode(body)) as Json) : head.state;
    return (withChanges({ state, patches }).state as unknown as Witness['state']).log;
  }
}
