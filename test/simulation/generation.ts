import type { SeededRandom } from '../../lib/memory/random.js';
import { entityAddress, orchestrationAddress, partitionOf } from '../../lib/wire/addresses.js';
import type { Action, Awaitable, ClientAction, ClientScript, Program } from './script.js';

const LEDGERS = ['a', 'b', 'c', 'd'];
const ACCOUNTS = ['x', 'y', 'z'];

/** So many programs have a client that reads without a pause. */
const READERS = 0.2;
/** And so many one that asks while others signal the same ledger from nearby. */
const ASKERS = 0.1;
/** So many actions of a reader, the first so many milliseconds after its partition is taken: there may be news then. */
const READS = 130;
const LEAD = 50;

/** Draws a program of everything that the engine offers. */
export function generateProgram(random: SeededRandom): Program {
  const partitions = 1 + random.below(3);
  const first = new ClientGeneration('c0', random).main();
  const second = new ClientGeneration('c1', random).side();
  const third = new ClientGeneration('c2', random);
  const drawn = random.next();
  if (drawn < READERS) return { partitions, ...third.reader(partitions, [first, second]) };
  if (drawn < READERS + ASKERS) return { partitions, ...third.asker(partitions, [first, second]) };
  return { partitions, clients: [first, second] };
}

/** Ledgers that one may call: those behind it, so that no two wait for each other. */
function behind(random: SeededRandom, key: string): readonly string[] {
  return LEDGERS.filter((other) => other > key && random.next() < 0.7);
}

function pick<T>(random: SeededRandom, items: readonly T[]): T {
  return items[random.below(items.length)]!;
}

/** Draws what orchestrators do; ids count up per instance, so the order of what one sends shows. */
class ScriptGeneration {
  #ids = 0;
  #children = 0;
  events = 0;

  constructor(
    readonly instanceId: string,
    readonly random: SeededRandom,
  ) {}

  actions(count: number, depth: number): Action[] {
    // In the order in which they run: so ids rise.
    const continuesAt = depth === 0 && this.random.next() < 0.2 ? this.random.below(count) : -1;
    const actions = Array.from({ length: count }, (_, at) => [
      ...(at === continuesAt ? this.#continuation() : []),
      this.#action(depth),
    ]).flat();
    if (depth === 0 && this.random.next() < 0.05) actions.push({ do: 'throw', id: this.#id() });
    return actions;
  }

  #id(): string {
    return `${this.instanceId}:${this.#ids++}`;
  }

  #slow(): { readonly slow?: true } {
    return this.random.next() < 0.3 ? { slow: true } : {};
  }

  #remote(): { readonly isRemote?: true } {
    return this.random.next() < 0.6 ? { isRemote: true } : {};
  }

  #continuation(): Action[] {
    if (this.random.next() < 0.5) return [{ do: 'continue' }];
    return [{ do: 'abandon', key: pick(this.random, LEDGERS), id: this.#id() }, { do: 'continue' }];
  }

  #action(depth: number): Action {
    const { random } = this;
    const key = pick(random, LEDGERS);
    const drawn = random.below(depth < 2 ? 20 : 12);
    if (drawn < 3) return { do: 'call', key, id: this.#id(), ...this.#slow() };
    if (drawn < 6) return { do: 'signal', key, id: this.#id(), ...this.#slow() };
    if (drawn < 7) return { do: 'work', id: this.#id(), ...this.#remote() };
    if (drawn < 8)
      return {
        do: 'timer',
        milliseconds: random.below(3) * random.below(random.next() < 0.2 ? 2_500 : 400),
      };
    if (drawn < 9) return this.#passed(key);
    if (drawn < 10) return this.#transfer();
    if (drawn < 11) return { do: 'refuse', key, id: this.#id() };
    if (drawn < 12)
      return {
        do: 'retry',
        id: this.#id(),
        failures: random.below(3),
        attempts: 1 + random.below(3),
      };
    if (drawn < 14) return { do: 'all', of: this.#parallel() };
    if (drawn < 15) return this.#sub(depth);
    if (drawn < 16) return { do: 'race', id: this.#id() };
    if (drawn < 17) return { do: 'timeout', milliseconds: random.below(300) };
    if (drawn < 18)
      return {
        do: 'try',
        of: [...this.actions(1, depth + 1), { do: 'throw', id: this.#id() }],
      };
    if (drawn < 19) return this.#outside(depth);
    return { do: 'status', id: this.#id() };
  }

  /** A ledger sends to others. */
  #passed(key: string): Action {
    const { random } = this;
    if (random.next() < 0.4) return { do: 'forward', key, to: pick(random, LEDGERS), id: this.#id() };
    return { do: 'ask', key, of: behind(random, key), id: this.#id() };
  }

  #transfer(): Action {
    const from = this.random.below(ACCOUNTS.length);
    const to = (from + 1 + this.random.below(ACCOUNTS.length - 1)) % ACCOUNTS.length;
    return {
      do: 'transfer',
      from: ACCOUNTS[from]!,
      to: ACCOUNTS[to]!,
      amount: 1 + this.random.below(10),
    };
  }

  #parallel(): Awaitable[] {
    return Array.from({ length: 1 + this.random.below(4) }, () => {
      const drawn = this.random.below(4);
      if (drawn === 0) return { do: 'work', id: this.#id(), ...this.#remote() } as const;
      if (drawn === 1) return { do: 'timer', milliseconds: this.random.below(200) } as const;
      return {
        do: 'call',
        key: pick(this.random, LEDGERS),
        id: this.#id(),
        ...this.#slow(),
      } as const;
    });
  }

  #sub(depth: number): Action {
    const instanceId = this.#child();
    const of = new ScriptGeneration(instanceId, this.random).actions(1 + this.random.below(2), depth + 1);
    return { do: 'sub', instanceId, of };
  }

  /** Only an instance that a client knows is raised events; any can have a child that does. */
  #outside(depth: number): Action {
    if (depth > 0 || this.random.next() < 0.5) return { do: 'tell', instanceId: this.#child(), id: this.#id() };
    const count = 1 + this.random.below(2);
    this.events += count;
    return { do: 'events', count };
  }

  #child(): string {
    return `${this.instanceId}-${this.#children++}`;
  }
}

class ClientGeneration {
  #ids = 0;

  constructor(
    readonly name: string,
    readonly random: SeededRandom,
  ) {}

  /** Starts the instances and raises their events; it never dies. */
  main(): ClientScript {
    const { random } = this;
    const actions: ClientAction[] = [];
    for (let at = 1 + random.below(3); at > 0; at--) {
      const instanceId = `${this.name}-i${at}`;
      const script = new ScriptGeneration(instanceId, random);
      const scripted = script.actions(2 + random.below(4), 0);
      actions.push({
        do: 'start',
        instanceId,
        actions: scripted,
        isNamed: random.next() < 0.5,
        await: random.next() < 0.5,
      });
      if (script.events > 0) actions.push({ do: 'raise', instanceId, count: script.events });
      actions.push(...this.#few());
    }
    return { name: this.name, mayDie: false, actions };
  }

  /** Talks to entities, and may die meanwhile. */
  side(): ClientScript {
    return {
      name: this.name,
      mayDie: true,
      actions: [...this.#few(), ...this.#few(), ...this.#few()],
    };
  }

  /** Reads a ledger again and again, more than one read at a time, and signals it now and then. */
  reader(partitions: number, others: readonly ClientScript[]): Pick<Program, 'clients' | 'focus'> {
    const { random, name } = this;
    const key = pick(random, LEDGERS);
    const partition = partitionOf(entityAddress({ name: 'ledger', key }), partitions);
    const from = random.below(2) * random.below(3_000); // later there is little other mail
    const actions = Array.from({ length: READS }, (_, at): ClientAction[] => [
      at % 10 === 9 ? { do: 'signal', key, id: `${name}:${this.#ids++}` } : { do: 'read', key },
      { do: 'pause', milliseconds: random.below(6) },
    ]);
    const reader = {
      name,
      mayDie: false,
      actions: [{ do: 'pause', milliseconds: from + LEAD } as const, ...actions.flat()],
    };
    return { focus: { on: 'reads', partition, from }, clients: [...others, reader] };
  }

  /** Lets a ledger call all others while an orchestration nearby signals it again and again. */
  asker(partitions: number, others: readonly ClientScript[]): Pick<Program, 'clients' | 'focus'> {
    const { name, random } = this;
    const [key, ...of] = LEDGERS as [string, ...string[]];
    const partition = partitionOf(entityAddress({ name: 'ledger', key }), partitions);
    let number = 1;
    while (partitionOf(orchestrationAddress(`${name}-i${number}`), partitions) !== partition) number++;
    const instanceId = `${name}-i${number}`;
    const signals = Array.from({ length: 8 }, (_, at): readonly Action[] => [
      { do: 'timer', milliseconds: random.below(200) },
      { do: 'signal', key, id: `${instanceId}:${at}` },
    ]);
    const from = random.below(2) * random.below(2_000);
    const asker: ClientScript = {
      name,
      mayDie: false,
      actions: [
        { do: 'pause', milliseconds: from },
        { do: 'start', instanceId, actions: signals.flat(), isNamed: true },
        { do: 'pause', milliseconds: random.below(50) },
        { do: 'ask', key, of, id: `${name}:0` },
      ],
    };
    return { focus: { on: 'asks', partition, from }, clients: [...others, asker] };
  }

  #few(): ClientAction[] {
    return Array.from({ length: this.random.below(5) }, () => this.#action());
  }

  #action(): ClientAction {
    const { random } = this;
    const key = pick(random, LEDGERS);
    const isAwaited = { await: random.next() < 0.5 };
    const slow = random.next() < 0.2 ? { slow: true as const } : {};
    const drawn = random.below(14);
    const id = `${this.name}:${this.#ids++}`;
    if (drawn < 3) return { do: 'signal', key, id, ...slow, ...isAwaited };
    if (drawn < 7) return { do: 'call', key, id, ...slow, ...isAwaited };
    if (drawn < 8)
      return random.next() < 0.4
        ? { do: 'forward', key, to: pick(random, LEDGERS), id, ...isAwaited }
        : { do: 'ask', key, of: behind(random, key), id, ...isAwaited };
    if (drawn < 9) return { do: 'refuse', key, id, ...isAwaited };
    if (drawn < 10) return { do: 'put', key: this.name, value: this.#ids, ...isAwaited };
    if (drawn < 11) return { do: 'clear', key: this.name, ...isAwaited };
    if (drawn < 12) return { do: 'read', key, ...isAwaited };
    if (drawn < 13) return { do: 'pause', milliseconds: random.below(1_500) };
    return random.next() < 0.7 ? { do: 'garbage', to: key } : { do: 'astray', key, id };
  }
}
