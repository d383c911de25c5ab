import { entityAddress, orchestrationAddress } from '../../lib/wire/addresses.js';
import { notLinearizable, type SeenOperation } from '../linearizability.js';
import type { SimulatedClient } from './clients.js';
import type { Expectation, ExpectedEnd } from './expectation.js';
import { EntityWatch, OrchestrationWatch, type Violation } from './instance-watch.js';
import { LIFE } from './lifecycle-script.js';
import { SECTION } from './lock-script.js';
import type { Noted } from './script.js';
import { PLAN } from './time-script.js';
import { TRADE } from './transaction-script.js';

/** What the logs say in the end. */
export interface Outcome {
  instance(address: string): OrchestrationWatch | EntityWatch | undefined;
  /** All that there is. */
  readonly addresses: readonly string[];
}

/** Holds the end of a simulation to what its program has to bring about. */
export class OutcomeCheck {
  readonly #expected: Expectation;
  readonly #clients: readonly SimulatedClient[];
  readonly #outcome: Outcome;
  /** Of what must never be, */
  readonly #violation: Violation;
  /** and of what has not come to be. */
  readonly #lacks: Violation;
  readonly #actualIds: ReadonlyMap<string, string>;

  constructor(
    expected: Expectation,
    clients: readonly SimulatedClient[],
    outcome: Outcome,
    { never, unended }: { readonly never: Violation; readonly unended: Violation },
  ) {
    this.#expected = expected;
    this.#clients = clients;
    this.#outcome = outcome;
    this.#violation = never;
    this.#lacks = unended;
    this.#actualIds = new Map(clients.flatMap(({ actualIds }) => [...actualIds]));
  }

  all(): void {
    for (const [instanceId, end] of this.#expected.instances) this.#instance(instanceId, end);
    for (const key of ['a', 'b', 'c', 'd']) {
      this.#ledger(key);
      for (const fault of notLinearizable(this.#history(key))) this.#violation(`C6: ledger ${key}: ${fault}`);
    }
    for (const [key, balance] of this.#expected.balances) this.#account(key, balance);
    for (const client of this.#clients) this.#client(client);
    this.#nothingElse();
  }

  /** What does not depend on when things happened: how every instance ended, and what entities hold. */
  result(): object {
    const instances = Array.from(this.#expected.instances.keys(), (id) => {
      const watch = this.#outcome.instance(orchestrationAddress(this.#actualIds.get(id) ?? id));
      const end = watch instanceof OrchestrationWatch ? watch.end : undefined;
      if (end?.type === 'ExecutionFailed') return [id, { failure: end.failure.message }];
      const { said = [], versions = [], timers = [] } = (end as { output?: Partial<Noted> } | undefined)?.output ?? {};
      return [
        id,
        { type: end?.type, said, called: versions.map(([key, entry]) => [key, entry]), timers: timers.length },
      ];
    });
    const ledgers = ['a', 'b', 'c', 'd'].map((key) => [...this.ledger(key)].sort());
    const balances = Array.from(this.#expected.balances.keys(), (key) => [key, this.#balance(key)]);
    return { instances: Object.fromEntries(instances) as object, ledgers, balances };
  }

  /** The entries of a ledger. */
  ledger(key: string): readonly string[] {
    const watch = this.#outcome.instance(entityAddress({ name: 'ledger', key }));
    return ((watch as EntityWatch | undefined)?.state as { log: string[] } | undefined)?.log ?? [];
  }

  #instance(instanceId: string, expected: ExpectedEnd): void {
    const actual = this.#actualIds.get(instanceId) ?? instanceId;
    const watch = this.#outcome.instance(orchestrationAddress(actual));
    if (!(watch instanceof OrchestrationWatch)) return this.#lacks(`${instanceId} was never started`);
    if (watch.status !== expected.status)
      return this.#lacks(
        `${instanceId} is ${watch.status}, expected ${expected.status}: ${JSON.stringify(watch.end ?? watch.history.at(-1))}`,
      );
    const { end } = watch;
    if (watch.name !== 'scripted' || end?.type !== 'ExecutionCompleted') return;
    this.#noted(instanceId, end.output as unknown as Noted, expected);
  }

  #noted(instanceId: string, noted: Noted, { said, versions, timers }: ExpectedEnd): void {
    this.#equal(`${instanceId} said`, noted.said, said);
    this.#equal(
      `${instanceId} called`,
      noted.versions.map(([key, id]) => [key, id]),
      versions,
    );
    for (const [key, id, version] of noted.versions)
      if (this.ledger(key)[version - 1] !== id)
        this.#violation(`${instanceId} was told that ${id} is entry ${version} of ledger ${key}`);
    this.#equal(`${instanceId} timers`, noted.timers.length, timers);
    for (const [due, fired] of noted.timers)
      if (fired < due) this.#violation(`P19: a timer of ${instanceId} due at ${due} fired at ${fired}`);
  }

  /** Each entry once, all that must be there, nothing else, in the order of each sender. */
  #ledger(key: string): void {
    const log = this.ledger(key);
    const expected = this.#expected.ledgers.get(key) ?? new Map<string, boolean>();
    const seen = new Set<string>();
    for (const id of log) {
      if (seen.has(id)) this.#violation(`ledger ${key} has ${id} twice`);
      if (!expected.has(id)) this.#violation(`ledger ${key} has ${id}, which nobody sent`);
      seen.add(id);
    }
    const accepted = new Set(this.#clients.flatMap((client) => [...client.accepted]));
    for (const [id, isSure] of expected)
      if (!seen.has(id) && (isSure || accepted.has(id))) this.#lacks(`ledger ${key} lacks ${id}`);
    this.#order(key, log);
  }

  /** What all clients saw of a ledger. */
  #history(key: string): SeenOperation[] {
    const calls = this.#clients.flatMap((client) => client.calls.filter((call) => call.key === key));
    const reads = this.#clients.flatMap((client) => client.reads.filter((read) => read.key === key && read.isExact));
    return [
      ...calls.map(({ id, called, returned, version }) => ({
        what: id,
        called,
        returned,
        length: version,
        appends: true,
      })),
      ...reads.map(({ asked, answered, log }, at) => ({
        what: `read ${at}`,
        called: asked,
        returned: answered,
        length: log.length,
        appends: false,
      })),
    ];
  }

  #order(key: string, log: readonly string[]): void {
    const last = new Map<string, number>();
    for (const id of log) {
      const via = this.#expected.forwarded.get(id);
      const [sender, order] =
        via === undefined
          ? [id.split(':')[0]!, Number(id.split(':')[1])]
          : [`ledger ${via}`, this.ledger(via).indexOf(id.slice(0, -1))];
      if (order < (last.get(sender) ?? -1))
        this.#violation(`C6: ledger ${key} has ${id} out of the order of ${sender}`);
      last.set(sender, order);
    }
  }

  #account(key: string, expected: number): void {
    this.#equal(`account ${key}`, this.#balance(key), expected, this.#lacks);
  }

  #balance(key: string): number | undefined {
    const watch = this.#outcome.instance(entityAddress({ name: 'account', key })) as EntityWatch | undefined;
    return (watch?.state as { balance: number } | undefined)?.balance;
  }

  #client({ calls, reads, ends, boxes, boxFrom, connection }: SimulatedClient): void {
    for (const [instanceId, { output, error }] of ends) {
      const expected = this.#expected.instances.get(instanceId)!;
      if (output) this.#noted(`${connection.name}'s ${instanceId}`, output, expected);
      else if (expected.status === 'Completed') this.#lacks(`${connection.name} was told of ${instanceId}: ${error}`);
    }
    for (const { key, id, version } of calls)
      if (this.ledger(key)[version - 1] !== id)
        this.#violation(`${connection.name} was told that ${id} is entry ${version} of ledger ${key}`);
    for (const read of reads) this.#read(connection.name, read);
    this.#box(connection.name, boxes.slice(boxFrom));
  }

  /** C11: what was committed when it was asked for, and nothing that was not when it was answered. */
  #read(client: string, { key, isExact, log, before, after }: SimulatedClient['reads'][number]): void {
    const whole = this.ledger(key);
    const what = `C11: ${client} read ${log.length} entries of ledger ${key}`;
    if (log.some((id, at) => whole[at] !== id)) this.#violation(`${what}, which are not those of the log`);
    if (isExact && log.length < before) this.#violation(`${what} when ${before} were committed`);
    if (log.length > after) this.#violation(`${what} when only ${after} were committed`);
  }

  #box(key: string, allowed: readonly (number | undefined)[]): void {
    const watch = this.#outcome.instance(entityAddress({ name: 'box', key })) as EntityWatch | undefined;
    const value = (watch?.state as { value: number } | undefined)?.value;
    if (!allowed.includes(value)) this.#lacks(`box ${key} holds ${value}, expected one of ${JSON.stringify(allowed)}`);
  }

  #nothingElse(): void {
    const known = new Set(
      Array.from(this.#expected.instances.keys(), (id) => orchestrationAddress(this.#actualIds.get(id) ?? id)),
    );
    for (const address of this.#outcome.addresses)
      if (
        address.startsWith('o.') &&
        ![LIFE, SECTION, TRADE, PLAN].some((name) => address.startsWith(`o.${name}`)) &&
        !known.has(address)
      )
        this.#violation(`${address} exists, and nobody asked for it`);
  }

  #equal(what: string, actual: unknown, expected: unknown, told = this.#violation): void {
    const [seen, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
    if (seen !== wanted) told(`${what} ${seen}, expected ${wanted}`);
  }
}
