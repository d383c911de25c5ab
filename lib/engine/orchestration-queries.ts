import { versionedName } from '../core/orchestrator-version.js';
import type { HandlerOutcome } from '../core/turn.js';
import { orchestrationAddress } from '../wire/addresses.js';
import type { Query, QueryAnswer } from '../wire/queries.js';
import type { QueryInput } from './activation.js';
import type { Delegation } from './delegation.js';
import { nothingFetched } from './fetched-values.js';
import type { Host } from './host.js';
import type { Instance } from './instance.js';
import type { Instances } from './instances.js';
import type { LargeValues } from './large-values.js';
import { wholeActivation } from './loading.js';
import { OrchestrationActivation } from './orchestration-activation.js';
import { isMeantRun } from './orchestration-inputs.js';
import type { Clock, PartitionPorts } from './ports.js';
import type { Segments } from './segments.js';
import type { UserCode } from './user-code.js';

/** A query needs the code of the execution that runs, and nothing else. */
const forItsCode: QueryInput = { kind: 'query', name: '' };

/** Where the values and the earlier events of histories are read. */
export interface Stored {
  readonly values: LargeValues;
  readonly segments: Segments;
}

/**
 * Answers the queries of orchestration instances: from the object of the user's class as it is now, rebuilt by replay where
 * it is not in memory. Nothing of it is recorded.
 *
 * Q1. A query sees the state between two steps, and all steps that it sees are in a group: the barrier of the read that
 *     follows is behind them (C11).
 * Q2. An instance that has ended is replayed for each query, and what was made for that is dropped.
 */
export class OrchestrationQueries {
  readonly #host: Host;
  readonly #ports: Pick<PartitionPorts, 'clock' | 'logger' | 'random' | 'valueLimits'>;
  readonly #instances: Instances;
  readonly #delegation: Delegation;
  readonly #stored: Stored;
  readonly #code: UserCode;

  constructor(
    host: Host,
    ports: Pick<PartitionPorts, 'clock' | 'logger' | 'random' | 'valueLimits'>,
    instances: Instances,
    delegation: Delegation,
    stored: Stored,
    code: UserCode,
  ) {
    this.#code = code;
    this.#host = host;
    this.#ports = ports;
    this.#instances = instances;
    this.#delegation = delegation;
    this.#stored = stored;
  }

  /** The orchestrator of an instance that has not ended, when no worker that lives has its code. */
  nameWithoutWorker(activation: OrchestrationActivation): string | undefined {
    if (activation.hasEnded) return undefined;
    const code = activation.foreignCode(forItsCode, this.#ports.clock.now());
    return code && this.#delegation.isNowhere(code) ? versionedName(code) : undefined;
  }

  async answer(asked: Extract<Query, { kind: 'query' }>): Promise<QueryAnswer> {
    const { instanceId, name, input } = asked;
    const address = orchestrationAddress(instanceId);
    const query: QueryInput = { kind: 'query', name, ...(input !== undefined && { input }) };
    for (;;) {
      const activation = await this.#instances.loaded(address);
      if (!(activation instanceof OrchestrationActivation) || !activation.state.started)
        return { v: 1, kind: 'query', isMissing: true };
      const { state } = activation;
      /** Once there is another run it is asked in vain: what was answered by then may be that one's. */
      const isReplaced = (): boolean => !state.started || !isMeantRun(state.started, asked);
      if (isReplaced()) return { v: 1, kind: 'query', isReplaced: true };
      const instance = this.#instances.instance(address);
      const code = activation.foreignCode(query, this.#ports.clock.now());
      if (code) {
        const told = await this.#delegation.query(instance, code, query);
        if (isReplaced()) continue;
        return told ? { v: 1, kind: 'query', ...told } : { v: 1, kind: 'query', noWorkerWith: versionedName(code) };
      }
      const told = activation.hasEnded
        ? await this.#askEnded(instance, activation, query)
        : await this.#ask(instance, activation, query);
      if (told && !isReplaced()) return { v: 1, kind: 'query', ...told };
    }
  }

  /** Undefined: meanwhile it was unloaded, has ended, or needs values that it did not need before. */
  async #ask(
    instance: Instance,
    activation: OrchestrationActivation,
    query: QueryInput,
  ): Promise<HandlerOutcome | undefined> {
    const missing = activation.missing(query);
    const { address } = instance;
    const fetched = missing.length === 0 ? nothingFetched : await this.#stored.values.find(missing, address);
    const known = new Set(missing.map(({ key }) => key));
    return this.#instances.look(instance, () => {
      const isCurrent = this.#instances.instance(address) === instance && instance.activation === activation;
      const isReady = isCurrent && !activation.hasEnded && activation.missing(query).every(({ key }) => known.has(key));
      if (!isReady) return undefined;
      const began = this.#ports.clock.now();
      const { answer } = activation.step(query, began, fetched);
      this.#code.ran({ address, code: 'A query' }, began);
      return answer;
    });
  }

  async #askEnded(
    { address }: Instance,
    activation: OrchestrationActivation,
    query: QueryInput,
  ): Promise<HandlerOutcome | undefined> {
    const head = activation.capture()?.head({ epoch: 0, logSeq: 0, commit: '0' });
    const { values, segments } = this.#stored;
    const makings = { host: this.#host, ports: this.#ports, segments, beside: () => {} };
    return askWhole(
      await wholeActivation(address, head, makings),
      query,
      values,
      address,
      this.#ports.clock,
      this.#code,
    );
  }
}

/** Asks an activation that has its whole history, and that nobody else uses. */
export async function askWhole(
  activation: OrchestrationActivation,
  query: QueryInput,
  values: LargeValues,
  address: string,
  clock: Clock,
  code: UserCode,
): Promise<HandlerOutcome | undefined> {
  const fetched = await values.find(activation.missing(query), address);
  const began = clock.now();
  const { answer } = activation.step(query, began, fetched);
  code.ran({ address, code: 'A query' }, began);
  return answer;
}
