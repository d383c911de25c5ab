import { entityAddress, orchestrationAddress } from '../../lib/wire/addresses.js';
import { EntityWatch, OrchestrationWatch, type Violation } from './instance-watch.js';
import type { SeenJar } from './jar-clients.js';
import { checkJars } from './jar-outcome.js';
import type { Outcome } from './outcome.js';
import type { Program } from './script.js';
import { notSerializable, type Committed } from './serializability.js';
import type { SeenTrades } from './transaction-clients.js';
import { FULL, PURSES, TRADE, type TradeAction, type Traded } from './transaction-script.js';

interface TradingClient {
  readonly seenTrades: SeenTrades;
  readonly jars: readonly SeenJar[];
}

/** Holds the end of a simulation of transactions to what its program has to bring about. */
export class TransactionOutcome {
  readonly #program: Program;
  readonly #clients: readonly TradingClient[];
  readonly #outcome: Outcome;
  readonly #violation: Violation;

  constructor(program: Program, clients: readonly TradingClient[], outcome: Outcome, violation: Violation) {
    this.#program = program;
    this.#clients = clients;
    this.#outcome = outcome;
    this.#violation = (text) => violation(`P23: ${text}`);
  }

  all(): void {
    for (const trade of this.#trades) this.#trade(trade);
    this.#decisions();
    for (const key of PURSES) this.#purse(key);
    const balances = PURSES.map((key) => this.#stateOf('purse', key)?.balance ?? FULL);
    const sum = balances.reduce((total, balance) => total + balance, 0);
    if (sum !== FULL * PURSES.length)
      this.#violation(`the purses hold ${balances.join(', ')}: not what they held before`);
    for (const fault of notSerializable(this.#history())) this.#violation(fault);
    const jars = this.#clients.map((client) => client.jars);
    checkJars(jars, this.#outcome, (text) => this.#violation(text));
  }

  get #trades(): readonly TradeAction[] {
    return this.#program.clients.flatMap(({ actions }) =>
      actions.filter((action): action is TradeAction => action.do === 'trade'),
    );
  }

  /** Each entity was told what the record of its orchestration says, and all were. */
  #decisions(): void {
    const told = new Map<string, number>();
    for (const key of PURSES) {
      const watch = this.#outcome.instance(entityAddress({ name: 'purse', key }));
      if (!(watch instanceof EntityWatch)) continue;
      if (watch.locks.remains.length > 0)
        this.#violation(`purse ${key} is locked: ${JSON.stringify(watch.locks.locks)}`);
      for (const { holder, isCommitted } of watch.transactions.ended) {
        const { address, executionId, taskId } = holder;
        const name = `${address}/${executionId}/${taskId}`;
        if (isCommitted) told.set(name, (told.get(name) ?? 0) + 1);
        const decided = this.#decision(address, `${executionId}/${taskId}`) !== undefined;
        if (isCommitted !== decided)
          this.#violation(`${name} ${decided ? 'was' : 'was not'} committed, purse ${key} differs`);
      }
    }
    for (const { instanceId } of this.#trades) {
      const address = orchestrationAddress(instanceId);
      const watch = this.#outcome.instance(address);
      if (!(watch instanceof OrchestrationWatch)) continue;
      for (const [name, entities] of watch.committed)
        if (told.get(`${address}/${name}`) !== entities)
          this.#violation(`${address}/${name} was committed, and not all ${entities} entities were told`);
    }
  }

  #decision(address: string, name: string): number | undefined {
    const watch = this.#outcome.instance(address);
    return watch instanceof OrchestrationWatch ? watch.committed.get(name) : undefined;
  }

  /** What a purse noted it has told its tally: each once, in order, and nothing that did not hold. */
  #purse(key: string): void {
    const [log, told] = [this.#log(key), this.#stateOf('tally', key)?.log ?? []];
    if (JSON.stringify(log) !== JSON.stringify(told))
      this.#violation(`purse ${key} noted ${log.join(' ')}, and has told ${told.join(' ')}`);
    if (new Set(log).size !== log.length) this.#violation(`purse ${key} noted something twice: ${log.join(' ')}`);
  }

  #trade({ instanceId, script, by }: TradeAction): void {
    const watch = this.#outcome.instance(orchestrationAddress(instanceId));
    if (!(watch instanceof OrchestrationWatch) || !watch.hasEnded)
      return this.#violation(`${instanceId} has not ended`);
    const mayHold = script.kind !== 'outlive' && script.end === 'return';
    if (!mayHold && PURSES.some((key) => this.#log(key).includes(script.token)))
      this.#violation(`${script.token} should not hold`);
    const { end } = watch;
    if (by || script.after === 'fail' || end?.type === 'ExecutionTerminated') return;
    const traded = end?.type === 'ExecutionCompleted' ? (end.output as unknown as Traded) : undefined;
    if (!traded) return this.#violation(`${instanceId} came to ${JSON.stringify(end)}`);
    const mayExpire = script.timeout < 10_000 || this.#isDisturbed;
    const isExpected = script.kind === 'audit' ? true : mayHold;
    if (traded.isCommitted !== isExpected && !(mayExpire && !traded.isCommitted))
      this.#violation(`${instanceId} was ${traded.isCommitted ? 'committed' : 'aborted'}`);
    this.#audit(traded);
  }

  /** An operator may end what others have locked. */
  get #isDisturbed(): boolean {
    return this.#trades.some(({ by }) => by?.how === 'break');
  }

  /** Who sees all purses in one transaction sees all that there is. */
  #audit({ token, seen }: Traded): void {
    const sum = seen.reduce((total, [, , balance]) => total + balance, 0);
    if (seen.length === PURSES.length && sum !== FULL * PURSES.length)
      this.#violation(`${token} saw ${JSON.stringify(seen)}`);
  }

  /** All that held, and all that was seen. */
  #history(): Committed[] {
    const writers = new Map<string, Map<string, { readonly version: number; readonly isWritten: boolean }>>();
    for (const key of PURSES)
      for (const [version, by] of this.#log(key).entries())
        writers.set(by, (writers.get(by) ?? new Map()).set(key, { version, isWritten: true }));
    for (const [by, touched] of writers)
      if (by.startsWith(TRADE) && !by.endsWith('!') && touched.size !== 2)
        this.#violation(`${by} is in ${[...touched.keys()].join(' ')} alone`);
    const times = new Map(this.#clients.flatMap(({ seenTrades }) => [...seenTrades.trades]));
    const timesOf = (token: string) => {
      const [instanceId, number] = token.split('/') as [string, string];
      const known = times.get(instanceId) ?? { called: -Infinity, returned: Infinity };
      return number === '0' ? known : { called: known.called, returned: Infinity };
    };
    const peeks = this.#clients.flatMap(({ seenTrades }) => seenTrades.peeks);
    return [
      ...Array.from(writers, ([id, touched]) => ({ id, touched: this.#withSeen(id, touched), ...timesOf(id) })),
      ...this.#looks(writers).map(({ token, touched }) => ({ id: token, touched, ...timesOf(token) })),
      ...peeks.map(({ id, key, version, called, returned }) => {
        return { id, touched: new Map([[key, { version, isWritten: false }]]), called, returned };
      }),
    ];
  }

  /** A transaction that writes has found what it wrote behind. */
  #withSeen<T extends ReadonlyMap<string, { readonly version: number }>>(id: string, touched: T): T {
    for (const { token, seen } of this.#ends)
      if (token === id)
        for (const [key, version] of seen)
          if (touched.get(key)?.version !== version)
            this.#violation(`${id} found version ${version} of ${key}, and wrote behind ${touched.get(key)?.version}`);
    return touched;
  }

  /** Transactions that wrote nothing. */
  #looks(writers: ReadonlyMap<string, unknown>) {
    return this.#ends
      .filter(({ token, seen }) => seen.length > 0 && !writers.has(token))
      .map(({ token, seen }) => ({
        token,
        touched: new Map(seen.map(([key, version]) => [key, { version, isWritten: false }])),
      }));
  }

  /** What the instances returned. */
  get #ends(): readonly Traded[] {
    return this.#trades.flatMap(({ instanceId }) => {
      const watch = this.#outcome.instance(orchestrationAddress(instanceId));
      const end = watch instanceof OrchestrationWatch ? watch.end : undefined;
      return end?.type === 'ExecutionCompleted' && end.output ? [end.output as unknown as Traded] : [];
    });
  }

  #log(key: string): readonly string[] {
    return this.#stateOf('purse', key)?.log ?? [];
  }

  #stateOf(name: string, key: string): { readonly balance: number; readonly log: readonly string[] } | undefined {
    const watch = this.#outcome.instance(entityAddress({ name, key }));
    return watch instanceof EntityWatch ? (watch.state as never) : undefined;
  }
}
