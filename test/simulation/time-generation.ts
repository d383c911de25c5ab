import type { SeededRandom } from '../../lib/memory/random.js';
import type { ClientAction, ClientScript, Program } from './script.js';
import { BELLS, DOORS, PLAN, type BellStep, type Remind, type RingOperation, type TimeAction } from './time-script.js';

/** Draws a program of what bells are to do at times, and of what waits before doors. */
export function generateTimes(random: SeededRandom): Program {
  const partitions = 1 + random.below(3);
  const mayDie = random.next() < 0.3;
  return {
    partitions,
    clients: [new BellGeneration('c0', random).script(false), new BellGeneration('c1', random).script(mayDie)],
  };
}

/** Whether a program is of this family. */
export function hasTimes({ clients }: Program): boolean {
  return clients.some(({ actions }) => actions.some(isOfTimes));
}

/** Whether an action is one of this family. */
export function isOfTimes(action: ClientAction): action is TimeAction {
  return kinds.has(action.do);
}

const kinds: ReadonlySet<string> = new Set<TimeAction['do']>([
  'ring',
  'pass',
  'remind',
  'unremind',
  'silence',
  'listen',
  'plan',
  'knock',
]);

const NAMES = ['m', 'n'];

class BellGeneration {
  #ids = 0;

  constructor(
    readonly name: string,
    readonly random: SeededRandom,
  ) {}

  script(mayDie: boolean): ClientScript {
    const { random } = this;
    const actions: ClientAction[] = [];
    for (let left = 4 + random.below(10); left > 0; left--) {
      actions.push(...this.#some());
      if (random.next() < 0.3) actions.push({ do: 'pause', milliseconds: random.below(1_200) });
    }
    return { name: this.name, mayDie, actions };
  }

  #id(): string {
    return `${this.name}:${this.#ids++}`;
  }

  #some(): ClientAction[] {
    const { random } = this;
    const key = this.#pick(BELLS);
    const isAwaited = random.next() < 0.4 && { await: true };
    const drawn = random.below(22);
    if (drawn < 6) return [{ ...this.#ring(key), ...isAwaited }];
    if (drawn < 8) return [{ ...this.#pass(key), ...isAwaited }];
    if (drawn < 13) return this.#reminded(key);
    if (drawn < 15) return [{ do: 'silence', key, ...isAwaited }];
    if (drawn < 18) return [{ do: 'listen', key, ...isAwaited }];
    if (drawn < 20) return [{ ...this.#plan(), ...isAwaited }];
    return this.#knocks();
  }

  #ring(key: string): TimeAction {
    const wait = this.random.next() < 0.3 ? 0 : this.#wait();
    const { operation, to } = this.#operation(key);
    return { do: 'ring', key, ring: { id: this.#id(), ...(to !== undefined && { to }) }, wait, operation };
  }

  #pass(key: string): TimeAction {
    const to = this.#pick(BELLS);
    const { operation, to: calls } = this.#operation(to);
    const pass = { id: this.#id(), to, wait: this.#wait(), operation, ...(calls !== undefined && { calls }) };
    return { do: 'pass', key, pass };
  }

  /** A reminder, and what may become of it. */
  #reminded(key: string): ClientAction[] {
    const { random } = this;
    const [id, name] = [this.#id(), this.#pick(NAMES)];
    const every = 50 + random.below(900);
    const isOnce = random.next() < 0.25;
    const remind: Remind = {
      id,
      name,
      first: random.below(3) * random.below(900),
      ...(!isOnce && { every }),
      count: isOnce ? 1 : 1 + random.below(5),
      failing: random.below(4) === 0 ? random.below(1_500) : 0,
      ...(random.next() < 0.2 && { silences: true as const }),
    };
    const actions: ClientAction[] = [{ do: 'remind', key, remind, ...(random.next() < 0.5 && { await: true }) }];
    if (random.next() < 0.5) return actions;
    actions.push({ do: 'pause', milliseconds: random.below(2) * random.below(1_500) });
    actions.push(random.next() < 0.7 ? { do: 'unremind', key, id: this.#id(), name } : { do: 'silence', key });
    return actions;
  }

  #plan(): TimeAction {
    const { random } = this;
    const instanceId = `${PLAN}${this.#id().replace(':', '-')}`;
    const steps = Array.from({ length: 1 + random.below(3) }, (_, at): BellStep => {
      const key = this.#pick(BELLS);
      const id = `${instanceId}/${at}`;
      const drawn = random.next();
      if (drawn < 0.2) return { do: 'timer', milliseconds: random.below(800) };
      if (drawn < 0.6) return { do: 'hold', key, id, wait: random.below(1_200), clears: random.next() < 0.3 };
      const { operation, to } = this.#operation(key);
      return { do: 'later', key, ring: { id, ...(to !== undefined && { to }) }, wait: this.#wait(), operation };
    });
    return { do: 'plan', instanceId, steps };
  }

  /** More than may wait there, mostly. */
  #knocks(): TimeAction[] {
    const { random } = this;
    const key = this.#pick(DOORS);
    return Array.from({ length: 3 + random.below(7) }, () => ({
      do: 'knock',
      key,
      id: this.#id(),
      isCall: random.next() < 0.4,
    }));
  }

  #wait(): number {
    return this.random.below(3) * this.random.below(2_500);
  }

  /** A relay calls a bell behind its own: no two wait for each other. */
  #operation(key: string): { readonly operation: RingOperation; readonly to?: string } {
    const behind = BELLS.filter((other) => other > key);
    const drawn = this.random.next();
    if (drawn < 0.5) return { operation: 'ring' };
    if (drawn < 0.65 || behind.length === 0) return { operation: 'slow' };
    return { operation: 'relay', to: this.#pick(behind) };
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.random.below(items.length)]!;
  }
}
