import { entityAddress, orchestrationAddress, parseAddress } from '../../lib/wire/addresses.js';
import type { SimulatedClient } from './clients.js';
import { EntityWatch, OrchestrationWatch, type Violation } from './instance-watch.js';
import {
  LIFE,
  LIFE_LEDGERS,
  noteOf,
  slowEntry,
  type LifeAction,
  type LifeNoted,
  type LifeStart,
} from './lifecycle-script.js';
import type { Life, LifeEnd } from './lifecycle-watch.js';
import type { Outcome } from './outcome.js';

/** An item of what a run says: this text, an event that its client raised, or all that a child says. */
type Saying = string | { readonly note: true } | { readonly child: string; readonly said: readonly Saying[] };

/** Holds lives to what their scripts say, and to what their clients were told. */
export class LifeOutcome {
  readonly #clients: readonly SimulatedClient[];
  readonly #outcome: Outcome;
  readonly #violation: Violation;
  /** What each run does, by its token. */
  readonly #scripts = new Map<string, readonly LifeAction[]>();
  /** The instances that a program may bring about. */
  readonly #known = new Set<string>();

  constructor(clients: readonly SimulatedClient[], outcome: Outcome, violation: Violation) {
    this.#clients = clients;
    this.#outcome = outcome;
    this.#violation = violation;
    for (const { script } of this.#lives) {
      this.#known.add(script.instanceId);
      for (const step of script.steps)
        if (step.do === 'starts') for (const { token, actions } of step.of) this.#learn(token, actions);
    }
  }

  get #lives(): SimulatedClient['lives'] {
    return this.#clients.flatMap(({ lives }) => lives);
  }

  #learn(token: string, actions: readonly LifeAction[]): void {
    this.#scripts.set(token, actions);
    for (const action of actions)
      if (action.do === 'child' || action.do === 'beside' || action.do === 'startNew' || action.do === 'leave') {
        this.#known.add(action.instanceId);
        this.#learn(action.instanceId, action.of);
      }
  }

  all(): void {
    const asked = new Map<string, string>();
    for (const address of this.#outcome.addresses) {
      const addressee = parseAddress(address);
      if (addressee.kind !== 'orchestration' || !addressee.instanceId.startsWith(LIFE)) continue;
      if (!this.#known.has(addressee.instanceId)) this.#violation(`${address} exists, and nobody asked for it`);
    }
    for (const instanceId of this.#known) {
      const life = this.#life(instanceId);
      if (!life) continue;
      for (const [id, key] of life.asked) asked.set(id, key);
      for (const end of life.ends) this.#end(instanceId, life, end);
      for (const started of life.started)
        if (!this.#life(started)) this.#violation(`${instanceId} started ${started}, which has never begun`);
      for (const name of life.unanswered)
        this.#violation(`${instanceId} took the update ${name}, and never answered it`);
      for (const name of life.answeredAgain) this.#violation(`${instanceId} answered the update ${name} twice`);
      for (const name of life.slow) this.#slow(instanceId, life, name);
      if (new Set(life.updates).size < life.updates.length)
        this.#violation(`${instanceId} has an update twice: ${JSON.stringify(life.updates)}`);
    }
    for (const { script } of this.#lives)
      for (const step of script.steps) if (step.do === 'starts') for (const one of step.of) this.#started(script, one);
    for (const key of LIFE_LEDGERS) this.#ledger(key, asked);
  }

  #life(instanceId: string): Life | undefined {
    const watch = this.#outcome.instance(orchestrationAddress(instanceId));
    return watch instanceof OrchestrationWatch && watch.life.runs.length > 0 ? watch.life : undefined;
  }

  /** What an update whose handler waits has asked for, once each: all of it if it has ended well, and not its end if not. */
  #slow(instanceId: string, life: Life, name: string): void {
    const asked = (part: 'begun' | 'done'): number =>
      [...life.asked.keys()].filter((id) => bare(id) === slowEntry(name, part)).length;
    const answer = life.answers.get(name) ?? '';
    const isDone = /^\d+$/.test(answer);
    if (asked('begun') !== 1 || asked('done') !== (isDone ? 1 : 0))
      this.#violation(
        `${instanceId} answered the update ${name} with ${answer}: it began ${asked('begun')} times and ended ${asked('done')} times`,
      );
  }

  /** A start that was refused, or found an instance, has begun nothing. */
  #started({ instanceId }: { readonly instanceId: string }, { token, ifExists }: LifeStart): void {
    const life = this.#life(instanceId);
    const answer = life?.answers.get(token);
    const runs = life?.runs.filter((run) => run === token).length ?? 0;
    if (runs > 0 && answer !== 'ok') this.#violation(`${token} runs, and was answered with ${answer}`);
    if (runs === 0 && answer === 'ok' && ifExists !== 'attach') this.#violation(`${token} was accepted, and never ran`);
  }

  /** What the runs asked for, each once, and nothing else; in their order. */
  #ledger(key: string, asked: ReadonlyMap<string, string>): void {
    const watch = this.#outcome.instance(entityAddress({ name: 'ledger', key })) as EntityWatch | undefined;
    const log = (watch?.state as { readonly log: readonly string[] } | undefined)?.log ?? [];
    const seen = new Set<string>();
    const last = new Map<string, number>();
    for (const id of log) {
      if (seen.has(id)) this.#violation(`ledger ${key} has ${id} twice`);
      if (asked.get(id) !== key) this.#violation(`ledger ${key} has ${id}, which nobody asked for`);
      seen.add(id);
      const [sender, order] = senderOf(id);
      if (order <= (last.get(sender) ?? -1))
        this.#violation(`C6: ledger ${key} has ${id} out of the order of ${sender}`);
      last.set(sender, order);
    }
    for (const [id, at] of asked) if (at === key && !seen.has(id)) this.#violation(`ledger ${key} lacks ${id}`);
  }

  #end(instanceId: string, life: Life, { token, status, output, asked }: LifeEnd): void {
    const actions = this.#scripts.get(token ?? '');
    if (!actions) return this.#violation(`${instanceId} has a run ${token}, which nobody started`);
    const what = `${instanceId} (${token})`;
    if (status === 'Failed' && !actions.some(mayFail)) this.#violation(`${what} has failed`);
    this.#compensated(what, status, asked);
    if (status !== 'Completed') return;
    const noted = output as unknown as LifeNoted;
    const left = this.#said(instanceId, sayings(actions), noted.said.map(bare), life.runs.length > 1);
    if (typeof left === 'string') this.#violation(`${what} said ${JSON.stringify(noted.said)}: ${left}`);
    else if (left.length > 0) this.#violation(`${what} said ${JSON.stringify(left)} beyond what its script says`);
    this.#notes(what, instanceId, noted.said, life.runs.length > 1);
    for (const [due, fired] of noted.timers)
      if (fired < due) this.#violation(`P19: a timer of ${what} due at ${due} fired at ${fired}`);
    for (const [key, id, version] of noted.versions)
      if (this.#entry(key, version) !== id)
        this.#violation(`${what} was told that ${id} is entry ${version} of ${key}`);
  }

  #entry(key: string, version: number): string | undefined {
    const watch = this.#outcome.instance(entityAddress({ name: 'ledger', key })) as EntityWatch | undefined;
    return (watch?.state as { readonly log: readonly string[] } | undefined)?.log[version - 1];
  }

  /** Takes what the script says from what was said; what is left, or what does not fit. */
  #said(
    instanceId: string,
    expected: readonly Saying[],
    said: readonly string[],
    hasRuns: boolean,
  ): readonly string[] | string {
    let left = said;
    for (const saying of expected) {
      const [first, ...rest] = left;
      if (typeof saying === 'object' && 'child' in saying) {
        const isLost = first === `lost ${saying.child}`;
        if (isLost && !hasRuns && !this.#hasLost(saying.child)) return `${saying.child} is not lost`;
        const after = isLost ? rest : this.#said(saying.child, saying.said, left, hasRuns);
        if (typeof after === 'string') return after;
        left = after;
        continue;
      }
      if (first === undefined) return `it lacks ${JSON.stringify(saying)}`;
      if (typeof saying === 'string' ? first !== saying : !first.includes('!'))
        return `${first} stands where the script says ${JSON.stringify(saying)}`;
      left = rest;
    }
    return left;
  }

  #hasLost(child: string): boolean {
    return this.#life(child)?.ends.some(({ status }) => status !== 'Completed') ?? true;
  }

  /** Events of its client: one after another, from the first one on unless another run had some. */
  #notes(what: string, instanceId: string, said: readonly string[], hasRuns: boolean): void {
    const control = this.#lives.find(({ script, raised }) => script.instanceId === instanceId && raised > 0);
    const notes = said.filter((text) => text.includes('!'));
    if (notes.length === 0) return;
    const name = control?.script.name ?? '';
    const first = Number(notes[0]!.split('!')[1]);
    if (first > 0 && !hasRuns) this.#violation(`${what} has not seen the first of its events: ${notes.join(', ')}`);
    const isWhole = notes.every((note, at) => note === noteOf(name, first + at));
    if (!isWhole) this.#violation(`${what} was raised events one after another, and saw ${notes.join(', ')}`);
  }

  /** What its last execution did was undone once, the last step first, if it failed or was canceled. */
  #compensated(what: string, status: string, asked: readonly string[]): void {
    const execution = asked.at(-1)?.split('@')[1];
    const ofIt = asked.filter((id) => id.endsWith(`@${execution}`));
    const undone = ofIt.flatMap((id) => (id.startsWith('undo ') ? [id.slice(5)] : []));
    const steps = new Set(this.#stepIds());
    const done = ofIt.filter((id) => steps.has(bare(id))).reverse();
    const isAll = status === 'Failed' || status === 'Canceled';
    const expected = status === 'Completed' ? [] : isAll ? done : done.slice(0, undone.length);
    if (JSON.stringify(undone) !== JSON.stringify(expected))
      this.#violation(`${what} is ${status}, did ${JSON.stringify(done)} and has undone ${JSON.stringify(undone)}`);
  }

  *#stepIds(): Generator<string> {
    for (const actions of this.#scripts.values())
      for (const action of actions) if (action.do === 'step') yield action.id;
  }
}

/** What a script says. */
function sayings(actions: readonly LifeAction[]): readonly Saying[] {
  return actions.flatMap((action): readonly Saying[] => {
    switch (action.do) {
      case 'work':
      case 'retry':
      case 'race':
      case 'flunk':
        return [`did ${action.id}`];
      case 'all':
        return sayings(action.of);
      case 'timeout':
        return ['timed out'];
      case 'notes':
        return Array.from({ length: action.count }, () => ({ note: true }) as const);
      case 'early':
        return [...action.ids, 'no more'];
      case 'until':
        return [`until ${action.count}`];
      case 'never':
        return ['never false'];
      case 'settled':
        return action.of.map((one) => (one.do === 'flunk' && one.failures > 0 ? 'rejected' : `did ${one.id}`));
      case 'failFast':
        return ['failed fast'];
      case 'within':
        return [`did ${action.id}`, 'timed out'];
      case 'handled':
        return [action.failures < action.limit ? `did ${action.id}` : 'gave up'];
      case 'child':
        return [{ child: action.instanceId, said: sayings(action.of) }];
      case 'beside':
        return [{ child: action.instanceId, said: sayings(action.of) }, `did ${action.id}`];
      case 'call':
      case 'signal':
      case 'timer':
      case 'continue':
      case 'step':
      case 'startNew':
      case 'leave':
      case 'herald':
      case 'hold':
        return [];
    }
  });
}

/** Whether a run may fail of it. */
function mayFail(action: LifeAction): boolean {
  if (action.do === 'child') return action.isStrict === true; // its start may be refused, and it may be ended
  return action.do === 'beside' || (action.do === 'flunk' && action.failures > 0);
}

/** Without the execution. */
function bare(text: string): string {
  return text.replace(/@.*$/, '');
}

/** Who asked for an entry, and its number among those of the same execution. */
function senderOf(id: string): readonly [sender: string, order: number] {
  const [, isUndone, sender, order, execution] = /^(undo )?(.*):(\d+)@(.*)$/.exec(id)!;
  return isUndone ? [`undo ${sender} ${execution}`, 1_000 - Number(order)] : [`${sender} ${execution}`, Number(order)];
}
