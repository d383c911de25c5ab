import { TaskHubClient } from '../../lib/client/task-hub-client.js';
import type { OrchestrationHandle } from '../../lib/client/orchestration-handle.js';
import type { Logger } from '../../lib/engine/ports.js';
import { ClosedError, TimeoutError } from '../../lib/errors.js';
import type { MemoryConnection } from '../../lib/memory/connection.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { encodeMessage } from '../../lib/wire/message-codec.js';
import { eventOf } from './expectation.js';
import type { EntityWatch, OrchestrationWatch } from './instance-watch.js';
import { handleJar, type SeenJar } from './jar-clients.js';
import { LifeControl } from './lifecycle-clients.js';
import { runSection } from './lock-clients.js';
import { peek, runTrade, type SeenTrades } from './transaction-clients.js';
import { TimeControl } from './time-clients.js';
import { nothingNoted, type ClientAction, type ClientScript, type Noted } from './script.js';

/** A call of a ledger as its caller saw it; times in virtual milliseconds. */
export interface SeenCall {
  readonly key: string;
  readonly id: string;
  readonly called: number;
  readonly returned: number;
  readonly version: number;
}

/** A read of a ledger. */
export interface SeenRead {
  readonly key: string;
  readonly asked: number;
  readonly answered: number;
  readonly isExact: boolean;
  readonly log: readonly string[];
  /** How much of it was committed when it was asked for, and when the answer came. */
  readonly before: number;
  readonly after: number;
}

/** How an instance ended, as its client was told. */
export interface SeenEnd {
  readonly output?: Noted;
  readonly error?: string;
}

/** Told of what clients see, at the moment when they see it. */
export interface ClientListener {
  /** The entries of a ledger that are committed by now. */
  committed(key: string): readonly string[];
  /** The client was told the end of an instance. */
  told(instanceId: string): void;
  /** An orchestration instance as the log has it by now. */
  instance(instanceId: string): OrchestrationWatch | undefined;
  /** Whatever is at an address as the log has it by now. */
  entity(address: string): EntityWatch | OrchestrationWatch | undefined;
  violation(text: string): void;
}

/** It waits for longer than any clock leaps, in virtual milliseconds. */
const PATIENCE = 12_000_000;

/** The real client, with a script. */
export class SimulatedClient {
  readonly connection: MemoryConnection;
  readonly calls: SeenCall[] = [];
  readonly reads: SeenRead[] = [];
  /** By the ids of the script; unnamed instances have others in fact. */
  readonly ends = new Map<string, SeenEnd>();
  readonly actualIds = new Map<string, string>();
  /** Entries that were acknowledged to the client: they must be there in the end. */
  readonly accepted = new Set<string>();
  /** Of its own box: what it was told to hold, newest last (undefined: not there), and the first that it may hold still. */
  readonly boxes: (number | undefined)[] = [undefined];
  boxFrom = 0;
  /** What it did with lives. */
  readonly lives: LifeControl[] = [];
  /** What it saw of transactions. */
  readonly seenTrades: SeenTrades = { trades: new Map(), peeks: [] };
  /** What it was told of jars. */
  readonly jars: SeenJar[] = [];
  /** What it does with bells and doors. */
  readonly times: TimeControl;
  /** Everything that it waits for, once it has begun. */
  done: Promise<void> = Promise.resolve();
  readonly #hub: MemoryHub;
  readonly #script: ClientScript;
  readonly #client: TaskHubClient;
  readonly #listener: ClientListener;
  readonly #handles = new Map<string, Promise<OrchestrationHandle<Noted>>>();
  readonly #underway: Promise<void>[] = [];

  constructor(hub: MemoryHub, script: ClientScript, logger: Logger, distance: number, listener: ClientListener) {
    this.#hub = hub;
    this.connection = hub.connect(script.name);
    this.connection.distance = distance;
    this.#client = new TaskHubClient(
      { ports: memoryHubPorts(this.connection, logger) },
      { timeoutInMilliseconds: PATIENCE },
    );
    this.#listener = listener;
    this.times = new TimeControl(this.#client, this.connection, listener);
    this.#script = script;
  }

  start(): void {
    this.done = this.#run(this.#script.actions);
  }

  async #run(actions: readonly ClientAction[]): Promise<void> {
    for (const action of actions) {
      const acting = this.#act(action).catch((error: unknown) => this.#failed(action, error));
      this.#underway.push(acting);
      if (action.await || action.do === 'pause') await acting;
    }
    for (const acting of this.#underway) await acting; // what it waits for may grow meanwhile
  }

  #failed(action: ClientAction, error: unknown): void {
    if (error instanceof TimeoutError || error instanceof ClosedError) return;
    this.#listener.violation(`${action.do} of client ${this.connection.name} failed: ${String(error)}`);
  }

  get #now(): number {
    return this.#hub.world.scheduler.now;
  }

  #act(action: ClientAction): Promise<void> {
    switch (action.do) {
      case 'start':
        return this.#start(action);
      case 'signal':
        return this.#accept(
          [action.id],
          this.#client.signalEntity('ledger', action.key, action.slow ? 'slow' : 'add', action.id),
        );
      case 'call':
        return this.#call(action);
      case 'refuse':
        return this.#refuse(action);
      case 'forward': {
        const { key, to, id } = action;
        return this.#accept([id, `${id}>`], this.#client.signalEntity('ledger', key, 'forward', { to, id }));
      }
      case 'ask': {
        const { key, of, id } = action;
        const ids = of.length > 0 ? [id, `${id}?`] : [id];
        return this.#accept(ids, this.#client.signalEntity('ledger', key, 'ask', { of, id }));
      }
      case 'raise':
        return this.#raise(action);
      case 'put':
        return this.#box(action.value, this.#client.signalEntity('box', action.key, 'put', action.value));
      case 'clear':
        return this.#box(undefined, this.#client.signalEntity('box', action.key, 'clear'));
      case 'read':
        return this.#read(action.key);
      case 'garbage':
        return this.#garbage(action.to);
      case 'astray':
        return this.#astray(action.key, action.id);
      case 'live': {
        const control = new LifeControl(this.#client, this.connection, action, this.#listener);
        this.lives.push(control);
        return control.run();
      }
      case 'section':
        return runSection(this.#client, action, (milliseconds) => this.#pause(milliseconds));
      case 'poke':
        return this.#client.signalEntity('vault', action.key, 'note', action.id);
      case 'relay': {
        const { id, path } = action;
        return this.#client.callEntity('vault', path[0]!, 'relay', { id, path: path.slice(1) });
      }
      case 'trade': {
        const pause = (milliseconds: number): Promise<void> => this.#pause(milliseconds);
        return runTrade(this.#client, action, this.seenTrades, pause, () => this.#now);
      }
      case 'peek':
        return peek(this.#client, action, this.seenTrades, () => this.#now);
      case 'mark':
        return this.#client.signalEntity('purse', action.key, 'mark', action.id);
      case 'jar':
        return handleJar(this.#client, action.action, this.jars);
      case 'ring':
      case 'pass':
      case 'remind':
      case 'unremind':
      case 'silence':
      case 'listen':
      case 'plan':
      case 'knock':
        return this.times.act(action);
      case 'pause':
        return this.#pause(action.milliseconds);
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.connection.later(milliseconds, resolve));
  }

  async #accept(ids: readonly string[], stored: Promise<void>): Promise<void> {
    await stored;
    for (const id of ids) this.accepted.add(id);
  }

  async #box(value: number | undefined, stored: Promise<void>): Promise<void> {
    const at = this.boxes.push(value) - 1;
    await stored;
    this.boxFrom = Math.max(this.boxFrom, at);
  }

  async #start({ instanceId, actions, isNamed }: Extract<ClientAction, { do: 'start' }>): Promise<void> {
    const script = { actions, noted: nothingNoted };
    const options = isNamed ? { instanceId } : {};
    const starting = this.#client.startNew<Noted>('scripted', script, options);
    this.#handles.set(instanceId, starting);
    const handle = await starting;
    this.actualIds.set(instanceId, handle.instanceId);
    this.#underway.push(this.#follow(instanceId, handle));
  }

  async #follow(instanceId: string, handle: OrchestrationHandle<Noted>): Promise<void> {
    try {
      this.ends.set(instanceId, { output: await handle.result() });
    } catch (error) {
      this.ends.set(instanceId, { error: String(error) });
    }
    this.#listener.told(handle.instanceId);
  }

  async #call({ key, id, slow }: Extract<ClientAction, { do: 'call' }>): Promise<void> {
    const called = this.#now;
    const version = await this.#client.callEntity<number>('ledger', key, slow ? 'slow' : 'add', id);
    this.accepted.add(id);
    this.calls.push({ key, id, called, returned: this.#now, version });
    if (this.#listener.committed(key)[version - 1] !== id)
      this.#listener.violation(`C1: the answer to ${id} of ledger ${key} came before its record was stored`);
  }

  async #refuse({ key, id }: Extract<ClientAction, { do: 'refuse' }>): Promise<void> {
    const refused = await this.#client.callEntity('ledger', key, 'refuse', id).then(
      () => false,
      (error: unknown) => String(error).includes(`refused ${id}`),
    );
    if (!refused) this.#listener.violation(`${id} was not refused`);
  }

  async #raise({ instanceId, count }: Extract<ClientAction, { do: 'raise' }>): Promise<void> {
    const handle = await this.#handles.get(instanceId);
    if (!handle) return;
    for (let n = 0; n < count; n++) await handle.raiseEvent('event', eventOf(instanceId, n));
  }

  async #read(key: string): Promise<void> {
    const asked = this.#now;
    const before = this.#listener.committed(key).length;
    const { entityState, source } = await this.#client.readEntityState<{
      log: string[];
    }>('ledger', key);
    this.reads.push({
      key,
      asked,
      answered: this.#now,
      isExact: source === 'owner',
      log: entityState?.log ?? [],
      before,
      after: this.#listener.committed(key).length,
    });
  }

  async #astray(key: string, id: string): Promise<void> {
    const address = entityAddress({ name: 'ledger', key });
    const partition = (partitionOf(address, this.#hub.partitions) + 1) % this.#hub.partitions;
    if (this.#hub.partitions === 1) return;
    const ports = memoryHubPorts(this.connection, {
      debug() {},
      info() {},
      warn() {},
      error() {},
    });
    const body = encodeMessage({ kind: 'operation', name: 'add', input: id });
    await ports.mailOf(partition).send(ports.subjects.partition(partition).mail(address), body);
  }

  /** Mail that nobody can read, sent as any program could send it. */
  async #garbage(key: string): Promise<void> {
    const address = entityAddress({ name: 'ledger', key });
    const partition = partitionOf(address, this.#hub.partitions);
    const ports = memoryHubPorts(this.connection, {
      debug() {},
      info() {},
      warn() {},
      error() {},
    });
    await ports.mailOf(partition).send(ports.subjects.partition(partition).mail(address), new Uint8Array([1, 2, 3]));
  }
}
