import type { Action, ClientAction, Program } from './script.js';

/** How an instance has to end. */
export interface ExpectedEnd {
  readonly status: 'Completed' | 'Failed';
  readonly said: readonly string[];
  /** Calls of ledgers whose versions it returns. */
  readonly versions: readonly (readonly [key: string, id: string])[];
  readonly timers: number;
}

/** Everything that one run of a program has to bring about, whatever goes wrong meanwhile. */
export class Expectation {
  readonly instances = new Map<string, ExpectedEnd>();
  /** What each ledger has to hold, in any order: id and whether it must be there. */
  readonly ledgers = new Map<string, Map<string, boolean>>();
  /** What was signalled on: the ledger over which an entry came. */
  readonly forwarded = new Map<string, string>();
  /** Activities by id. */
  readonly works = new Set<string>();
  /** Operations that wait for something outside, by id. */
  readonly ios = new Set<string>();
  readonly balances = new Map<string, number>();

  constructor(program: Program) {
    for (const { actions, mayDie } of program.clients) for (const action of actions) this.#client(action, !mayDie);
  }

  #client(action: ClientAction, isSure: boolean): void {
    switch (action.do) {
      case 'start':
        return void this.#instance(action.instanceId, action.actions);
      case 'signal':
      case 'call':
        if (action.slow) this.ios.add(action.id);
        return this.#entry(action.key, action.id, isSure);
      case 'forward':
        return this.#forward(action, isSure);
      case 'ask':
        return this.#ask(action, isSure);
      case 'refuse':
      case 'raise':
      case 'put':
      case 'clear':
      case 'read':
      case 'garbage':
      case 'astray':
      case 'pause':
      case 'live': // lifecycle-outcome.ts
      case 'section': // lock-outcome.ts
      case 'poke':
      case 'relay':
      case 'trade': // transaction-outcome.ts
      case 'peek':
      case 'mark':
      case 'jar': // jar-outcome.ts
      case 'ring': // time-outcome.ts
      case 'pass':
      case 'remind':
      case 'unremind':
      case 'silence':
      case 'listen':
      case 'plan':
      case 'knock':
    }
  }

  #forward({ key, to, id }: { readonly key: string; readonly to: string; readonly id: string }, isSure: boolean): void {
    this.#entry(key, id, isSure);
    this.#entry(to, `${id}>`, isSure);
    this.forwarded.set(`${id}>`, key);
  }

  #ask(
    { key, of, id }: { readonly key: string; readonly of: readonly string[]; readonly id: string },
    isSure: boolean,
  ) {
    this.ios.add(id);
    this.#entry(key, id, isSure);
    for (const asked of of) this.#entry(asked, `${id}?`, isSure);
    this.forwarded.set(`${id}?`, key);
  }

  #entry(key: string, id: string, isSure: boolean): void {
    const ledger = this.ledgers.get(key) ?? new Map<string, boolean>();
    this.ledgers.set(key, ledger.set(id, isSure));
  }

  #instance(instanceId: string, actions: readonly Action[]): ExpectedEnd {
    const run = new ExpectedRun(this, instanceId);
    const status = run.all(actions) ? 'Completed' : 'Failed';
    const { said, versions, timers } = run;
    const end = { status, said, versions, timers } as const;
    this.instances.set(instanceId, end);
    return end;
  }

  /** For `ExpectedRun`. */
  readonly effects = {
    instance: (instanceId: string, actions: readonly Action[]) => this.#instance(instanceId, actions),
    teller: (instanceId: string) =>
      void this.instances.set(instanceId, {
        status: 'Completed',
        said: [],
        versions: [],
        timers: 0,
      }),
    entry: (key: string, id: string, isSlow: boolean) => {
      if (isSlow) this.ios.add(id);
      this.#entry(key, id, true);
    },
    forward: (forward: { readonly key: string; readonly to: string; readonly id: string }) =>
      this.#forward(forward, true),
    ask: (ask: { readonly key: string; readonly of: readonly string[]; readonly id: string }) => this.#ask(ask, true),
    work: (id: string) => void this.works.add(id),
    transfer: (from: string, to: string, amount: number) => {
      this.balances.set(from, (this.balances.get(from) ?? 0) - amount);
      this.balances.set(to, (this.balances.get(to) ?? 0) + amount);
    },
  };
}

/** The model of ScriptRun: what it says, without time, messages or failures of anything. */
class ExpectedRun {
  readonly said: string[] = [];
  readonly versions: [string, string][] = [];
  timers = 0;
  #events = 0;
  readonly #effects: Expectation['effects'];

  constructor(
    { effects }: Expectation,
    readonly instanceId: string,
  ) {
    this.#effects = effects;
  }

  /** False: it throws. */
  all(actions: readonly Action[]): boolean {
    return actions.every((action) => this.#run(action));
  }

  #run(action: Action): boolean {
    switch (action.do) {
      case 'work':
        this.#effects.work(action.id);
        this.said.push(`did ${action.id}`);
        return true;
      case 'retry':
        this.#effects.work(action.id);
        if (action.failures >= action.attempts) return false;
        this.said.push(`did ${action.id}`);
        return true;
      case 'call':
        this.#effects.entry(action.key, action.id, action.slow ?? false);
        this.versions.push([action.key, action.id]);
        return true;
      case 'signal':
        this.#effects.entry(action.key, action.id, action.slow ?? false);
        return true;
      case 'forward':
        this.#effects.forward(action);
        return true;
      case 'ask':
        this.#effects.ask(action);
        return true;
      case 'refuse':
        this.said.push(`refused ${action.id}`);
        return true;
      case 'transfer':
        this.#effects.transfer(action.from, action.to, action.amount);
        return true;
      case 'timer':
        this.timers++;
        return true;
      case 'all':
        return this.all(action.of);
      case 'race':
        this.#effects.work(action.id);
        this.said.push(`did ${action.id}`);
        return true;
      case 'timeout':
        this.said.push('timed out');
        return true;
      case 'sub':
        return this.#sub(this.#effects.instance(action.instanceId, action.of));
      case 'events':
        for (let left = action.count; left > 0; left--) this.said.push(eventOf(this.instanceId, this.#events++));
        return true;
      case 'tell':
        this.#effects.teller(action.instanceId);
        this.said.push(action.id, action.id);
        return true;
      case 'try':
        if (!this.all(action.of)) this.said.push('caught');
        return true;
      case 'throw':
        return false;
      case 'abandon':
        this.#effects.entry(action.key, action.id, true);
        return true;
      case 'status':
      case 'continue':
        return true;
    }
  }

  #sub({ status, said, versions, timers }: ExpectedEnd): boolean {
    if (status === 'Failed') return false;
    this.said.push(...said);
    this.versions.push(...versions.map(([key, id]): [string, string] => [key, id]));
    this.timers += timers;
    return true;
  }
}

/** The data of the nth external event that a client raises at an instance. */
export function eventOf(instanceId: string, n: number): string {
  return `event ${n} of ${instanceId}`;
}
