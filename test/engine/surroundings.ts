import { Registry, type Hosted } from '../../lib/definitions/registry.js';
import { names } from '../../lib/definitions/names.js';
import type { Host } from '../../lib/engine/host.js';
import { LargeValues } from '../../lib/engine/large-values.js';
import { Loops } from '../../lib/engine/loops.js';
import { PartitionOwner, type OwnerOptions } from '../../lib/engine/partition-owner.js';
import type { HubPorts, Logger } from '../../lib/engine/ports.js';
import { shareActivities } from '../../lib/engine/shared-activities.js';
import { UserCode } from '../../lib/engine/user-code.js';
import type { MemoryConnection } from '../../lib/memory/connection.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { checkInputType } from '../../lib/validation/check-input-type.js';
import { isDto } from '../../lib/validation/dto-plan.js';
import { isDateField } from '../../lib/validation/field-type.js';
import { revive } from '../../lib/validation/revive.js';
import { entityAddress, orchestrationAddress, partitionOf } from '../../lib/wire/addresses.js';
import * as ids from '../../lib/wire/checks.js';
import { decodeNotices } from '../../lib/wire/answer-codec.js';
import { decodeHead } from '../../lib/wire/head-codec.js';
import { encodeMessage } from '../../lib/wire/message-codec.js';
import type { Address, Message } from '../../lib/wire/messages.js';
import { encodeHello } from '../../lib/wire/session-codec.js';
import { sessionId } from '../../lib/wire/sessions.js';
import type { EntityHead, OrchestrationHead } from '../../lib/wire/head.js';
import type { Answer } from '../../lib/wire/queries.js';
import { hostedActivity } from '../../lib/worker/hosted-activity.js';
import { createValueCodec } from '../../lib/wire/value-codec.js';
import type { ValueLimitOptions } from '../../lib/wire/value-limits.js';
import type { Outcome } from '../../lib/wire/record.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { Account, Counter, Greetings, Hello, Nap, Parent, Steps, Transfer } from './bank.js';

export const lines: string[] = [];

/** Keeps what is logged at warning level and above. */
export function recordingLogger(into: string[] = lines): Logger {
  const keep = (message: string, fields: { instance: string }): void =>
    void into.push(`${fields.instance}: ${message} ${JSON.stringify(fields)}`);
  return { debug: () => {}, info: () => {}, warn: keep, error: keep };
}

/** A host of classes, as a worker makes it. */
export function hostOf(hosted: Hosted, worker = 'worker'): Host {
  const values = createValueCodec({ revive, isDto, isDateField });
  const registry = new Registry(hosted, { values, checkInput: checkInputType });
  const activities = new Map([...registry.activities].map(([name, each]) => [name, hostedActivity(each, values)]));
  const { entities, orchestrators } = registry;
  return { worker, core: { values, names, ids }, entities, orchestrators, activities };
}

export const bankHost = (greetings = new Greetings()): Host =>
  hostOf({
    entities: [Account, Counter],
    orchestrators: [Transfer, Hello, Nap, Parent, Steps],
    activities: [greetings],
  });

/** What all partitions of a worker share, so that they hand over to each other what they have for each other. */
export const neighbours = (host: Host): ((ports: HubPorts) => OwnerOptions) => {
  return (ports) => ({ activities: shareActivities(host, ports) });
};

/** A worker of the memory hub: one connection that owns all partitions. */
export class MemoryWorker {
  readonly connection: MemoryConnection;
  readonly ports: HubPorts;
  readonly owners: PartitionOwner[];

  constructor(
    hub: MemoryHub,
    name: string,
    host: Host,
    options: OwnerOptions | ((ports: HubPorts) => OwnerOptions) = {},
    logger = recordingLogger(),
  ) {
    this.connection = hub.connect(name);
    this.ports = memoryHubPorts(this.connection, logger);
    const given = typeof options === 'function' ? options(this.ports) : options;
    this.owners = Array.from(
      { length: hub.partitions },
      (_, partition) => new PartitionOwner(partition, this.ports, host, given),
    );
  }

  async claim(): Promise<void> {
    await Promise.all(this.owners.map((owner) => owner.claim()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.owners.map((owner) => owner.stop()));
  }

  get replayedEvents(): number {
    return this.owners.reduce((sum, owner) => sum + owner.replayedEvents, 0);
  }
}

/** Sends messages as a client's sessions do: numbered per partition, again with the same bytes when unknown. */
export class MemoryClient {
  readonly ports: HubPorts;
  readonly large: LargeValues;
  readonly #name: string;
  readonly #numbers = new Map<number, number>();
  readonly #sessions = new Map<number, Promise<string>>();
  readonly #queues = new Map<number, Promise<void>>();

  constructor(hub: MemoryHub, name: string) {
    this.ports = memoryHubPorts(hub.connect(name), recordingLogger());
    this.large = new LargeValues(this.ports);
    this.#name = name;
  }

  send(address: Address, message: Message): Promise<void> {
    const partition = partitionOf(address, this.ports.partitions);
    const number = (this.#numbers.get(partition) ?? 0) + 1;
    this.#numbers.set(partition, number);
    const subject = partitionSubjects(this.ports.name, partition).mail(address);
    const sent = (this.#queues.get(partition) ?? Promise.resolve()).then(async () => {
      const session = await this.#session(partition);
      await this.#store(partition, subject, encodeMessage({ ...message, session, number } as Message));
    });
    this.#queues.set(partition, sent);
    return sent;
  }

  #session(partition: number): Promise<string> {
    const { sessions } = partitionSubjects(this.ports.name, partition);
    let session = this.#sessions.get(partition);
    if (!session) {
      const hello = this.#store(partition, sessions, encodeHello({ token: this.#name }));
      this.#sessions.set(partition, (session = hello.then((sequence) => sessionId(sequence, this.#name))));
    }
    return session;
  }

  async #store(partition: number, subject: string, body: Uint8Array): Promise<number> {
    for (;;) {
      const sequence = await this.ports.mailOf(partition).send(subject, body);
      if (sequence !== undefined) return sequence;
    }
  }

  signal(name: string, key: string, operation: string, input?: unknown): Promise<void> {
    const message = { kind: 'operation', name: operation, ...(input !== undefined && { input }) } as Message;
    return this.send(entityAddress({ name, key }), message);
  }

  start(name: string, instanceId: string, input?: unknown): Promise<void> {
    const message = { kind: 'start', name, ...(input !== undefined && { input }) } as Message;
    return this.send(orchestrationAddress(instanceId), message);
  }

  async entityHead(name: string, key: string): Promise<EntityHead | undefined> {
    return (await this.#head(entityAddress({ name, key }))) as EntityHead | undefined;
  }

  async orchestrationHead(instanceId: string): Promise<OrchestrationHead | undefined> {
    return (await this.#head(orchestrationAddress(instanceId))) as OrchestrationHead | undefined;
  }

  async #head(address: Address) {
    const partition = partitionOf(address, this.ports.partitions);
    const subject = partitionSubjects(this.ports.name, partition).head(address);
    const stored = await this.ports.viewsOf(partition).read(subject);
    return stored && decodeHead(stored.body, subject);
  }
}

/** The outcomes that are told at an inbox from now on. */
export function outcomesAt({ bus }: Pick<HubPorts, 'bus'>, inbox: string): readonly Outcome[] {
  const told: Outcome[] = [];
  bus.subscribe(inbox, (body) => {
    const decoded = decodeNotices(body);
    if ('refused' in decoded) throw new Error(decoded.refused);
    for (const notice of decoded.value) if (notice.kind === 'outcome') told.push(notice.outcome);
  });
  return told;
}

/** What a worker that runs the steps of others has beside its ports. */
export const servedWith = (ports: Pick<HubPorts, 'clock' | 'logger'>) => ({
  loops: new Loops(ports.clock),
  code: new UserCode(ports),
});

export const text = new TextDecoder();
export const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

export function surroundings(partitions = 2, seed = 1, limits: ValueLimitOptions = {}) {
  const world = new MemoryWorld({ seed });
  const hub = world.createHub('test', partitions, limits);
  const client = new MemoryClient(hub, 'client');
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise, 60_000);
  return { world, hub, client, settle, advance: (ms: number) => world.scheduler.advance(ms) };
}

/** Asks the owner of a partition; what came back within a second. */
export async function ask(
  { client, advance }: Pick<ReturnType<typeof surroundings>, 'client' | 'advance'>,
  address: string,
  query: object,
): Promise<Answer[]> {
  const { ports } = client;
  const answers: Answer[] = [];
  const inbox = ports.bus.subscribe('_INBOX.ask', (body) => void answers.push(JSON.parse(text.decode(body)) as Answer));
  const subjects = partitionSubjects(ports.name, partitionOf(address, ports.partitions));
  ports.bus.publish(subjects.queries, bytes({ v: 1, ...query }), '_INBOX.ask');
  await advance(1_000);
  inbox.close();
  return answers;
}
