import { entityAddress, orchestrationAddress } from '../../lib/wire/addresses.js';
import { EntityWatch, OrchestrationWatch, type Violation } from './instance-watch.js';
import { VAULTS, type RelayAction, type SectionAction } from './lock-script.js';
import type { Outcome } from './outcome.js';
import { checkRelays } from './relays.js';
import type { Program } from './script.js';

/** Holds the end of a simulation of locks to what its program has to bring about. */
export class LockOutcome {
  readonly #program: Program;
  readonly #outcome: Outcome;
  readonly #violation: Violation;

  constructor(program: Program, outcome: Outcome, violation: Violation) {
    this.#program = program;
    this.#outcome = outcome;
    this.#violation = violation;
  }

  all(): void {
    const sections = this.#program.clients.flatMap(({ actions }) =>
      actions.filter((action): action is SectionAction => action.do === 'section'),
    );
    for (const section of sections) this.#section(section);
    for (const key of VAULTS) this.#vault(key, sections);
    const relays = this.#program.clients.flatMap(({ actions }) => actions.filter(({ do: kind }) => kind === 'relay'));
    checkRelays(
      { relays: relays as readonly RelayAction[], sections },
      VAULTS.flatMap((key) => this.#log(key)),
      (text) => this.#violation(`P18: ${text}`),
    );
  }

  #log(key: string): readonly string[] {
    const watch = this.#outcome.instance(entityAddress({ name: 'vault', key }));
    const state = watch instanceof EntityWatch ? watch.state : undefined;
    return (state as { readonly log: readonly string[] } | undefined)?.log ?? [];
  }

  /** No lock is orphaned; what was moved under locks is all there. */
  #vault(key: string, sections: readonly SectionAction[]): void {
    const watch = this.#outcome.instance(entityAddress({ name: 'vault', key }));
    if (!(watch instanceof EntityWatch)) return;
    const { remains } = watch.locks;
    if (remains.length > 0)
      this.#violation(`P22: vault ${key} is locked for nobody, or remembers: ${JSON.stringify(watch.locks.locks)}`);
    const moved = sections.reduce((sum, { script }) => {
      if (script.kind !== 'transfer') return sum;
      const times = script.end === 'continue' ? 2 : 1;
      const [from, to] = script.keys;
      return sum + times * script.amount * ((key === to ? 1 : 0) - (key === from ? 1 : 0));
    }, 0);
    const balance = (watch.state as { readonly balance: number } | undefined)?.balance ?? 0;
    const isDisturbed = sections.some(({ by }) => by?.how === 'break');
    if (balance !== moved && !isDisturbed)
      this.#violation(`vault ${key} holds ${balance}, ${moved} were moved there under locks`);
  }

  #section({ instanceId, script, by }: SectionAction): void {
    const watch = this.#outcome.instance(orchestrationAddress(instanceId));
    if (!(watch instanceof OrchestrationWatch) || !watch.hasEnded)
      return this.#violation(`${instanceId} has not ended`);
    const { end } = watch;
    if (by || end?.type === 'ExecutionTerminated') return;
    const output = end?.type === 'ExecutionCompleted' ? end.output : end?.type;
    const isBreakable = this.#program.clients.some(({ actions }) =>
      actions.some((action) => action.do === 'section' && action.by?.how === 'break'),
    );
    const wanted = script.end === 'fail' ? 'ExecutionFailed' : 'done';
    const isRight = script.kind === 'outlive' ? output === 'lost' : output === wanted;
    const mayBeLost = output === 'lost' && (script.lease < 10_000 || isBreakable);
    if (!isRight && !mayBeLost) this.#violation(`${instanceId} came to ${JSON.stringify(output)}, expected ${wanted}`);
  }
}
