import { entityAddress, orchestrationAddress } from '../../lib/wire/addresses.js';
import type { SimulatedClient } from './clients.js';
import { EntityWatch, OrchestrationWatch, type Violation } from './instance-watch.js';
import type { Outcome } from './outcome.js';
import type { Program } from './script.js';
import { idsOf } from './time-clients.js';
import { isOfTimes } from './time-generation.js';
import { BELLS, DOORS, type TimeAction } from './time-script.js';

/** Holds the end of a simulation of times to what its program has to bring about. */
export class TimeOutcome {
  readonly #program: Program;
  readonly #clients: readonly SimulatedClient[];
  readonly #outcome: Outcome;
  /** The dead letters, as texts. */
  readonly #letters: readonly string[];
  readonly #violation: Violation;

  constructor(
    program: Program,
    clients: readonly SimulatedClient[],
    outcome: Outcome,
    letters: readonly string[],
    violation: Violation,
  ) {
    this.#program = program;
    this.#letters = letters;
    this.#clients = clients;
    this.#outcome = outcome;
    this.#violation = violation;
  }

  all(): void {
    this.#bells();
    for (const key of DOORS) this.#door(key);
  }

  /** All that had to be is noted, and nothing else; each once, which time-watch.ts sees to. */
  #bells(): void {
    const noted = new Set(BELLS.flatMap((key) => [...(this.#entity('bell', key)?.plans.noted.keys() ?? [])]));
    const wanted = new Map<string, boolean>();
    for (const [name, action, mayDie] of this.#actions()) {
      const accepted = this.#client(name).times.accepted;
      for (const id of idsOf(action)) wanted.set(id, !mayDie || accepted.has(id));
      if (action.do === 'plan') this.#plan(action, accepted);
    }
    for (const [id, isSure] of wanted) if (isSure && !noted.has(id)) this.#violation(`${id} was never carried out`);
    for (const id of noted)
      if (!wanted.has(id.replace(/#\d+$/, ''))) this.#violation(`${id} was carried out, and nobody asked for it`);
  }

  #plan({ instanceId }: Extract<TimeAction, { do: 'plan' }>, accepted: ReadonlySet<string>): void {
    const watch = this.#outcome.instance(orchestrationAddress(instanceId));
    const hasEnded = watch instanceof OrchestrationWatch && watch.end?.type === 'ExecutionCompleted';
    if (!hasEnded && accepted.has(instanceId)) this.#violation(`${instanceId} has not completed`);
  }

  /** Who knocks gets in, or is told that too many wait, or is in the dead letters; never two of these. */
  #door(key: string): void {
    const watch = this.#entity('door', key);
    const log = (watch?.state as { readonly log: readonly string[] } | undefined)?.log ?? [];
    const refused = watch?.refused ?? new Set<string>();
    for (const [name, action, mayDie] of this.#actions()) {
      if (action.do !== 'knock' || action.key !== key) continue;
      const { id, isCall } = action;
      const { accepted, knocks } = this.#client(name).times;
      const times = log.filter((other) => other === id).length + (refused.has(id) ? 1 : 0);
      const isSure = !mayDie || accepted.has(id) || knocks.has(id);
      if (times > 1 || (isSure && times === 0))
        this.#violation(`${id} of door ${key} came to something ${times} times`);
      if (!isCall && refused.has(id) && !this.#letters.some((letter) => letter.includes(`"input\\":\\"${id}\\"`)))
        this.#violation(`P4: ${id} of door ${key} was refused, and is in no dead letter`);
      const told = knocks.get(id);
      if (isCall && told !== undefined && (told === 'busy' ? !refused.has(id) : log[told - 1] !== id))
        this.#violation(`${id} of door ${key} was told ${told}`);
    }
  }

  #actions(): readonly (readonly [name: string, action: TimeAction, mayDie: boolean])[] {
    return this.#program.clients.flatMap(({ name, actions, mayDie }) =>
      actions.filter(isOfTimes).map((action) => [name, action, mayDie] as const),
    );
  }

  #client(name: string): SimulatedClient {
    return this.#clients.find(({ connection }) => connection.name === name)!;
  }

  #entity(name: string, key: string): EntityWatch | undefined {
    const watch = this.#outcome.instance(entityAddress({ name, key }));
    return watch instanceof EntityWatch ? watch : undefined;
  }
}
