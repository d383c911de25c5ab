import { Entity, Operation } from '../../decorators/index.js';
import type { TaskHubClient } from '../../lib/client/task-hub-client.js';
import { EntityOperationFailedError } from '../../lib/errors.js';
import type { MemoryConnection } from '../../lib/memory/connection.js';
import { entityAddress } from '../../lib/wire/addresses.js';
import { EntityWatch, type OrchestrationWatch } from './instance-watch.js';
import { silent, type BellState, type TimeAction } from './time-script.js';

/** What a client knows of the class of bells. */
@Entity('bell')
class Listened {
  state = silent;
  @Operation({ readonly: true }) listen(): Pick<BellState, 'count' | 'log'> {
    return this.state;
  }
}

/** What it sees of the world beside. */
interface Listener {
  entity(address: string): EntityWatch | OrchestrationWatch | undefined;
  violation(text: string): void;
}

/** What a client does with bells and doors, through the real client. */
export class TimeControl {
  /** What is to come of what was stored, by id. */
  readonly accepted = new Set<string>();
  /** What calls of doors were told: which place, or that too many wait. */
  readonly knocks = new Map<string, number | 'busy'>();
  /** What was stored for each bell that it does at once. */
  readonly #sent = new Map<string, string[]>();
  readonly #client: TaskHubClient;
  readonly #connection: MemoryConnection;
  readonly #listener: Listener;

  constructor(client: TaskHubClient, connection: MemoryConnection, listener: Listener) {
    this.#client = client;
    this.#connection = connection;
    this.#listener = listener;
  }

  async act(action: TimeAction): Promise<void> {
    switch (action.do) {
      case 'ring':
        return this.#ring(action);
      case 'pass':
        await this.#client.signalEntity('bell', action.key, 'pass', action.pass);
        return this.#stored(action.key, idsOf(action));
      case 'remind':
        await this.#client.signalEntity('bell', action.key, 'remind', action.remind);
        return this.#stored(action.key, idsOf(action));
      case 'unremind': {
        const { key, id, name } = action;
        await this.#client.signalEntity('bell', key, 'unremind', { id, name });
        return this.#stored(key, idsOf(action));
      }
      case 'silence':
        return this.#client.signalEntity('bell', action.key, 'silence');
      case 'listen':
        return this.#listen(action.key);
      case 'plan': {
        const { instanceId, steps } = action;
        const handle = await this.#client.startNew('planner', steps, { instanceId });
        for (const id of [instanceId, ...idsOf(action)]) this.accepted.add(id);
        return void (await handle.result());
      }
      case 'knock':
        return this.#knock(action);
    }
  }

  async #ring(action: Extract<TimeAction, { do: 'ring' }>): Promise<void> {
    const { key, ring, wait, operation } = action;
    if (wait === 0) {
      await this.#client.signalEntity('bell', key, operation, ring);
      return this.#stored(key, idsOf(action));
    }
    const due = Math.floor(this.#connection.clock.now()) + wait;
    await this.#client.signalEntity('bell', key, operation, { ...ring, due }, { signalAt: new Date(due) });
    for (const id of idsOf(action)) this.accepted.add(id);
  }

  /** The first of the ids is that of the operation itself. */
  #stored(key: string, ids: readonly string[]): void {
    for (const id of ids) this.accepted.add(id);
    const sent = this.#sent.get(key) ?? [];
    this.#sent.set(key, [...sent, ids[0]!]);
  }

  async #knock({ key, id, isCall }: Extract<TimeAction, { do: 'knock' }>): Promise<void> {
    if (!isCall) {
      await this.#client.signalEntity('door', key, 'knock', id);
      return void this.accepted.add(id);
    }
    try {
      this.knocks.set(id, await this.#client.callEntity<number>('door', key, 'knock', id));
    } catch (error) {
      if (!isBusy(error)) throw error;
      this.knocks.set(id, 'busy');
    }
  }

  /** C11: a state that was committed when the answer came, and none before the last one when it was asked for. */
  async #listen(key: string): Promise<void> {
    const address = entityAddress({ name: 'bell', key });
    const before = this.#statesOf(address).length;
    const sent = this.#sent.get(key) ?? [];
    let heard: Pick<BellState, 'count' | 'log'>;
    try {
      heard = await this.#client.callEntity(Listened, key).listen();
    } catch (error) {
      if (isBusy(error)) return; // it is in quarantine
      throw error;
    }
    const states = this.#statesOf(address);
    let at = states.length - 1;
    while (at >= before - 1 && !isSame((states[at]?.state as BellState | undefined) ?? silent, heard)) at--;
    if (at < before - 1)
      return this.#listener.violation(
        `C11: bell ${key} told ${heard.count}, ${heard.log.join()}, which it was not then`,
      );
    const watch = this.#listener.entity(address);
    for (const id of sent)
      if (!(watch instanceof EntityWatch) || (watch.plans.noted.get(id) ?? Infinity) > at)
        this.#listener.violation(`C6: bell ${key} was read behind ${id}, and does not show it`);
  }

  #statesOf(address: string): EntityWatch['states'] {
    const watch = this.#listener.entity(address);
    return watch instanceof EntityWatch ? watch.states : [];
  }
}

/** The notes that an action leads to: first its own. */
export function idsOf(action: TimeAction): readonly string[] {
  switch (action.do) {
    case 'ring':
      return [action.ring.id, ...(action.operation === 'relay' ? [`${action.ring.id}?`] : [])];
    case 'pass': {
      const { id, operation } = action.pass;
      return [id, `${id}>`, ...(operation === 'relay' ? [`${id}>?`] : [])];
    }
    case 'remind':
      return [action.remind.id];
    case 'unremind':
      return [action.id];
    case 'plan':
      return action.steps.flatMap((step) => {
        if (step.do === 'timer') return [];
        if (step.do === 'hold') return [step.id];
        return [step.ring.id, ...(step.operation === 'relay' ? [`${step.ring.id}?`] : [])];
      });
    case 'silence':
    case 'listen':
    case 'knock':
      return [];
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof EntityOperationFailedError && error.failureDetails.code === 'PERDURE_BUSY';
}

function isSame({ count, log }: Pick<BellState, 'count' | 'log'>, heard: Pick<BellState, 'count' | 'log'>): boolean {
  return count === heard.count && JSON.stringify(log) === JSON.stringify(heard.log);
}
