import type { SeededRandom } from '../../lib/memory/random.js';
import {
  LIFE,
  LIFE_LEDGERS,
  SLOW_KINDS,
  type IfExists,
  type LifeAction,
  type LifeStart,
  type LifeStep,
  type LiveAction,
  type PlainAction,
} from './lifecycle-script.js';
import type { Awaitable, ClientAction, Program } from './script.js';

/** Draws a program of lives: instances that clients suspend, terminate, cancel, rewind, restart, purge and talk with. */
export function generateLives(random: SeededRandom): Program {
  const partitions = 1 + random.below(3);
  const lives = Array.from({ length: 1 + random.below(3) }, (_, at) => new LifeGeneration(at, random).live());
  const [c0, c1]: ClientAction[][] = [[], []];
  for (const { main, side } of lives) {
    c0!.push(...main);
    c1!.push(...side);
    if (random.next() < 0.3) c0!.push({ do: 'pause', milliseconds: random.below(500) });
  }
  // Drawn last: what a seed gives beside them stays what it was.
  if (random.next() < 0.4) {
    const { main, side } = new LifeGeneration(lives.length, random).later();
    c0!.push(...main);
    c1!.push(...side);
  }
  return {
    partitions,
    clients: [
      { name: 'c0', mayDie: false, actions: c0! },
      { name: 'c1', mayDie: true, actions: c1! },
    ],
  };
}

/** Whether a program is of this family. */
export function hasLives({ clients }: Program): boolean {
  return clients.some(({ actions }) => actions.some((action) => action.do === 'live'));
}

/** What two clients do with one life: the second one interferes, and may die meanwhile. */
interface Live {
  readonly main: readonly LiveAction[];
  readonly side: readonly LiveAction[];
}

class LifeGeneration {
  readonly #instanceId: string;
  readonly #random: SeededRandom;
  #ids = 0;
  #children = 0;
  #tokens = 0;

  constructor(at: number, random: SeededRandom) {
    this.#instanceId = `${LIFE}${at}`;
    this.#random = random;
  }

  /** Kinds of lives that came later. */
  later(): Live {
    return this.#disturbed(this.#pick([() => this.#left(), () => this.#awaited()])());
  }

  live(): Live {
    const kinds = [
      () => this.#suspended(),
      () => this.#suspended(),
      () => this.#terminated(),
      () => this.#canceled(),
      () => this.#rewound(),
      () => this.#renewed(),
      () => this.#raced(),
      () => this.#early(),
      () => this.#scheduled(),
      () => this.#talked(),
      () => this.#varied(),
      () => this.#short(),
    ];
    return this.#disturbed(this.#pick(kinds)());
  }

  #disturbed({ main, side }: Live): Live {
    const isDisturbed = side.length === 0 && this.#chance(0.25);
    return { main, side: isDisturbed ? [this.#disturbance(isDeep(main))] : side };
  }

  #chance(share: number): boolean {
    return this.#random.next() < share;
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.below(items.length)]!;
  }

  #id(): string {
    return `${this.#instanceId}:${this.#ids++}`;
  }

  #key(): string {
    return this.#pick(LIFE_LEDGERS);
  }

  #pause(most: number): LifeStep {
    return { do: 'pause', milliseconds: this.#random.below(most) };
  }

  #maybe<T>(share: number, ...items: T[]): readonly T[] {
    return this.#chance(share) ? items : [];
  }

  #by(name: string, steps: readonly LifeStep[], isAwaited = false): LiveAction {
    const { length } = LIFE;
    return {
      do: 'live',
      name: `${name}.${this.#instanceId.slice(length)}`,
      instanceId: this.#instanceId,
      steps,
      ...(isAwaited && { await: true }),
    };
  }

  #begin(actions: readonly LifeAction[], more: Partial<LifeStart> = {}): LifeStart {
    const token = `${this.#instanceId}~${this.#tokens++}`;
    return { token, actions, ifExists: 'reject', ...more };
  }

  #alone(steps: readonly LifeStep[]): Live {
    return { main: [this.#by('c0', steps, this.#chance(0.2))], side: [] };
  }

  #plain(): LifeAction {
    const random = this.#random;
    const id = this.#id();
    switch (random.below(12)) {
      case 0:
        return { do: 'work', id, ...this.#remote() };
      case 1:
        return { do: 'retry', id, failures: random.below(2), attempts: 3 };
      case 2:
      case 3:
        return { do: 'call', key: this.#key(), id };
      case 4:
      case 5:
        return { do: 'signal', key: this.#key(), id };
      case 6:
        return { do: 'timer', milliseconds: random.below(400) };
      case 7:
        return { do: 'all', of: this.#parallel() };
      case 8:
        return { do: 'settled', of: this.#settled() };
      case 9:
        return this.#pick<LifeAction>([
          { do: 'failFast', id },
          { do: 'within', id },
          { do: 'race', id },
        ]);
      case 10:
        return { do: 'handled', id, failures: random.below(3), limit: 1 + random.below(3) };
      default:
        return { do: 'never', milliseconds: random.below(200) };
    }
  }

  #remote(): { readonly isRemote?: true } {
    return this.#chance(0.4) ? { isRemote: true } : {};
  }

  #parallel(): Awaitable[] {
    return Array.from({ length: 1 + this.#random.below(3) }, (): Extract<PlainAction, Awaitable> => {
      const id = this.#id();
      return this.#chance(0.5) ? { do: 'work', id, ...this.#remote() } : { do: 'call', key: this.#key(), id };
    });
  }

  #settled(): Extract<LifeAction, { readonly do: 'settled' }>['of'] {
    return Array.from({ length: 1 + this.#random.below(3) }, () => {
      const id = this.#id();
      return this.#chance(0.5) ? ({ do: 'work', id } as const) : ({ do: 'flunk', id, failures: 1 } as const);
    });
  }

  #few(most: number): LifeAction[] {
    return Array.from({ length: this.#random.below(most + 1) }, () => this.#plain());
  }

  #steps(): LifeAction[] {
    return Array.from({ length: 1 + this.#random.below(3) }, () => ({
      do: 'step' as const,
      key: this.#key(),
      id: this.#id(),
    }));
  }

  #child(of: readonly LifeAction[]): Extract<LifeAction, { readonly do: 'child' }> {
    return { do: 'child', instanceId: `${this.#instanceId}-${this.#children++}`, of };
  }

  #never(most: number): LifeAction {
    return { do: 'never', milliseconds: this.#random.below(most) };
  }

  #endless(): LifeAction {
    return this.#pick<LifeAction>([
      { do: 'notes', count: 1_000 },
      { do: 'hold', id: this.#id(), ...this.#remote() },
      { do: 'timer', milliseconds: 3_600_000 },
    ]);
  }

  /** Suspended while events, updates and results come for it. */
  #suspended(): Live {
    const count = 1 + this.#random.below(4);
    const isDeep = this.#chance(0.3) ? ({ isDeep: true } as const) : {};
    const isTree = 'isDeep' in isDeep || this.#chance(0.2);
    const child = [...this.#few(2), { do: 'never', milliseconds: 300 + this.#random.below(500) } as const];
    const actions: LifeAction[] = [
      ...this.#few(2),
      ...(isTree ? [this.#child(child)] : []),
      { do: 'notes', count },
      ...this.#few(2),
      ...this.#maybe<LifeAction>(0.2, { do: 'continue' }, { do: 'signal', key: this.#key(), id: this.#id() }),
    ];
    const early = this.#random.below(count + 1);
    const held = this.#random.below(count - early + 1);
    const steps: LifeStep[] = [
      { do: 'starts', of: [this.#begin(actions)] },
      { do: 'raise', count: early },
      this.#pause(300),
      { do: 'suspend', ...isDeep },
      ...this.#maybe<LifeStep>(0.3, { do: 'suspend', ...isDeep }),
      { do: 'raise', count: held },
      ...this.#maybe<LifeStep>(0.4, { do: 'update', count: 1 + this.#random.below(2) }),
      this.#pause(1_200),
      ...this.#maybe<LifeStep>(0.3, { do: 'query' }),
      { do: 'resume', ...isDeep },
      ...this.#maybe<LifeStep>(0.3, { do: 'resume', ...isDeep }),
      ...this.#maybe<LifeStep>(0.2, { do: 'suspend' }, this.#pause(400), { do: 'resume' }),
      { do: 'raise', count: count - early - held },
      { do: 'end' },
    ];
    return this.#alone(steps);
  }

  #terminated(): Live {
    const isShallow = this.#chance(0.3) ? ({ isShallow: true } as const) : {};
    const leaf: LifeAction[] = [...this.#few(1), 'isShallow' in isShallow ? this.#plain() : this.#endless()];
    const inner = this.#chance(0.4) ? [this.#child(leaf)] : leaf;
    const actions: LifeAction[] = [
      ...this.#few(1),
      ...this.#maybe(0.4, ...this.#steps()),
      this.#chance(0.6) ? this.#child(inner) : this.#endless(),
      this.#endless(),
    ];
    return this.#alone([
      { do: 'starts', of: [this.#begin(actions)] },
      this.#pause(900),
      ...this.#maybe<LifeStep>(0.3, { do: 'suspend' }, { do: 'raise', count: 1 }, this.#pause(300)),
      { do: 'terminate', ...isShallow },
      ...this.#maybe<LifeStep>(0.3, { do: 'terminate' }, { do: 'raise', count: 1 }, { do: 'update', count: 1 }),
      { do: 'end' },
      ...this.#maybe<LifeStep>(0.3, { do: 'purge' }),
    ]);
  }

  #canceled(): Live {
    const child = this.#maybe(0.4, this.#child([...this.#steps(), this.#endless()]));
    const actions: LifeAction[] = [...this.#steps(), ...this.#few(1), ...child, ...this.#steps(), this.#endless()];
    const isSuspended = this.#chance(0.3);
    return this.#alone([
      { do: 'starts', of: [this.#begin(actions)] },
      this.#pause(600),
      ...(isSuspended ? [{ do: 'suspend' } as const, this.#pause(200)] : []),
      { do: 'cancel' },
      ...this.#maybe<LifeStep>(0.3, { do: 'cancel' }),
      ...(isSuspended ? [this.#pause(300), { do: 'resume' } as const] : []),
      ...this.#maybe<LifeStep>(0.2, { do: 'terminate' }),
      { do: 'end' },
    ]);
  }

  /** Fails once or twice, and goes on each time. */
  #rewound(): Live {
    const failures = 1 + this.#random.below(2);
    const flunk: LifeAction = { do: 'flunk', id: this.#id(), failures };
    const failing = this.#pick<() => LifeAction>([
      () => flunk,
      () => ({
        ...this.#child([...this.#few(1), { do: 'call', key: this.#key(), id: this.#id() }, flunk]),
        isStrict: true,
      }),
      () => ({ ...this.#child([...this.#few(1), this.#never(400)]), do: 'beside', id: this.#id(), failures }),
    ])();
    const actions: LifeAction[] = [
      ...this.#few(2),
      { do: 'call', key: this.#key(), id: this.#id() },
      ...this.#maybe<LifeAction>(0.4, { do: 'notes', count: 1 }),
      failing,
      ...this.#few(2),
    ];
    const again: LifeStep[] = Array.from({ length: failures }, () => [
      ...this.#maybe<LifeStep>(0.7, { do: 'end' }),
      this.#pause(300),
      { do: 'rewind' } as const,
    ]).flat();
    return this.#alone([
      { do: 'starts', of: [this.#begin(actions)] },
      { do: 'raise', count: 1 },
      { do: 'end' },
      ...again,
      { do: 'end' },
      { do: 'rewind' }, // whatever it was too early for
      { do: 'end' },
      { do: 'rewind' },
      { do: 'end' },
    ]);
  }

  /** Restarted, or purged and begun anew. */
  #renewed(): Live {
    const actions: LifeAction[] = [
      ...this.#few(2),
      ...this.#maybe(0.3, this.#child(this.#few(2))),
      { do: 'notes', count: 1 },
      ...this.#maybe<LifeAction>(0.4, { do: 'until', count: 1 }),
      ...this.#few(1),
    ];
    const feed: LifeStep[] = [{ do: 'raise', count: 1 }, { do: 'update', count: 1 }, { do: 'end' }];
    const anew = (): readonly LifeStep[] =>
      this.#pick<readonly LifeStep[]>([
        [{ do: 'restart' }, ...feed],
        [{ do: 'purge' }, ...this.#maybe(0.4, this.#pause(400)), ...this.#beginAgain(actions, feed)],
        this.#beginAgain(actions, feed),
      ]);
    return this.#alone([
      { do: 'starts', of: [this.#begin(actions)] },
      ...this.#maybe<LifeStep>(0.2, { do: 'restart' }, { do: 'purge' }), // too early
      ...feed,
      ...anew(),
      ...this.#maybe(0.5, ...anew()),
      ...this.#maybe<LifeStep>(0.4, { do: 'purge' }),
      { do: 'query' },
    ]);
  }

  #beginAgain(actions: readonly LifeAction[], feed: readonly LifeStep[]): readonly LifeStep[] {
    return [{ do: 'starts', of: [this.#begin(actions)] }, ...feed];
  }

  /** Many starts at once, of two clients. */
  #raced(): Live {
    const policy = (): IfExists => this.#pick(['reject', 'attach', 'attach', 'replace']);
    const begin = (): LifeStart =>
      this.#begin(
        [...this.#few(1), ...this.#maybe<LifeAction>(0.4, this.#child([this.#never(900)])), this.#never(600)],
        {
          ifExists: policy(),
        },
      );
    const starts = (): LifeStep => ({
      do: 'starts',
      of: Array.from({ length: 1 + this.#random.below(4) }, begin),
    });
    const steps = (): LifeStep[] => [
      ...this.#maybe(0.3, this.#pause(200)),
      starts(),
      ...this.#maybe(0.4, this.#pause(500), starts()),
      ...this.#maybe<LifeStep>(0.3, { do: 'cancel' }),
      { do: 'end' },
    ];
    return { main: [this.#by('c0', steps())], side: [this.#by('c1', steps())] };
  }

  /** Another instance sends to it, perhaps before it begins. */
  #early(): Live {
    const ids = Array.from({ length: 1 + this.#random.below(4) }, () => this.#id());
    const herald: LiveAction = {
      ...this.#by('h', [
        { do: 'starts', of: [this.#begin([{ do: 'herald', to: this.#instanceId, ids }, ...this.#few(1)])] },
      ]),
      instanceId: `${this.#instanceId}-h`,
    };
    const main = this.#by('c0', [
      this.#pause(this.#chance(0.3) ? 3_000 : 400),
      { do: 'starts', of: [this.#begin([...this.#few(1), { do: 'early', ids }], this.#later(0.3))] },
      ...this.#maybe<LifeStep>(0.2, { do: 'suspend' }, this.#pause(400), { do: 'resume' }),
      { do: 'end' },
    ]);
    return { main: [herald, main], side: [] };
  }

  #later(share: number): Partial<LifeStart> {
    return this.#chance(share) ? { later: 200 + this.#random.below(this.#pick([2_500, 9_000])) } : {};
  }

  /** Begins later, with events and requests before. */
  #scheduled(): Live {
    const count = this.#random.below(3);
    // Nobody asks for it: that it begins is for its owners alone.
    if (count === 0)
      return { main: [this.#by('c0', [{ do: 'starts', of: [this.#begin(this.#few(2), this.#later(1))] }])], side: [] };
    const actions: LifeAction[] = [...this.#few(2), { do: 'notes', count }, ...this.#few(1)];
    return this.#alone([
      { do: 'starts', of: [this.#begin(actions, this.#later(1))] },
      { do: 'raise', count },
      ...this.#maybe<LifeStep>(0.2, { do: 'update', count: 1 }),
      ...this.#maybe<LifeStep>(0.3, { do: 'suspend' }, this.#pause(1_500), { do: 'resume' }),
      ...this.#maybe<LifeStep>(0.15, { do: 'cancel' }),
      ...this.#maybe<LifeStep>(0.15, { do: 'terminate' }),
      { do: 'end' },
    ]);
  }

  /** Updates and queries, some of them over `continueAsNew`. */
  #talked(): Live {
    const parts = Array.from({ length: 1 + this.#random.below(4) }, () => 1 + this.#random.below(3));
    const all = parts.reduce((sum, part) => sum + part, 0);
    const actions: LifeAction[] = [
      ...this.#few(1),
      { do: 'until', count: 1 + this.#random.below(all) },
      ...this.#maybe<LifeAction>(0.4, { do: 'continue' }),
      ...this.#few(1),
      { do: 'until', count: all },
    ];
    const talk = parts.flatMap((count): LifeStep[] => [
      ...(this.#chance(0.2)
        ? ([{ do: 'suspend' }, { do: 'update', count }, this.#pause(600), { do: 'resume' }] as const)
        : ([{ do: 'update', count }] as const)),
      ...this.#maybe<LifeStep>(0.2, { do: 'update', count: 1, isBad: true }),
      ...this.#maybe<LifeStep>(0.6, { do: 'query' }),
      ...this.#maybe(0.5, this.#pause(500)),
      ...this.#maybe<LifeStep>(0.4, { do: 'query' }),
    ]);
    return this.#alone([
      { do: 'starts', of: [this.#begin(actions)] },
      ...talk,
      { do: 'end' },
      { do: 'query' },
      ...this.#maybe<LifeStep>(0.4, { do: 'update', count: 1 }, { do: 'query' }),
    ]);
  }

  /** Leaves children running as it continues as new, and is ended, replaced or suspended with them. */
  #left(): Live {
    const how = this.#pick(['terminate', 'shallow', 'cancel', 'suspend', 'replace'] as const);
    const isFinite = how === 'shallow' || how === 'suspend';
    const leave = (): LifeAction => ({
      ...this.#child([...this.#few(1), isFinite ? this.#never(900) : this.#endless()]),
      do: 'leave',
    });
    const actions: LifeAction[] = [
      ...this.#few(1),
      leave(),
      ...this.#maybe(0.3, leave()),
      { do: 'continue' },
      ...this.#maybe<LifeAction>(0.5, leave(), ...this.#few(1), { do: 'continue' }),
      ...this.#few(1),
      ...this.#maybe(0.3, ...this.#steps()),
      ...(how === 'suspend' ? [{ do: 'notes', count: 1 } as const] : [this.#endless()]),
    ];
    const again = this.#begin(this.#few(1), { ifExists: 'replace' });
    const ends: Record<typeof how, readonly LifeStep[]> = {
      terminate: [{ do: 'terminate' }],
      shallow: [{ do: 'terminate', isShallow: true }],
      cancel: [{ do: 'cancel' }, ...this.#maybe<LifeStep>(0.2, { do: 'cancel' })],
      suspend: [{ do: 'suspend', isDeep: true }, this.#pause(900), { do: 'resume', isDeep: true }],
      replace: [{ do: 'starts', of: [again] }],
    };
    return this.#alone([
      { do: 'starts', of: [this.#begin(actions)] },
      this.#pause(1_200),
      ...ends[how],
      ...(how === 'suspend' ? [{ do: 'raise', count: 1 } as const] : []),
      { do: 'end' },
    ]);
  }

  /** Updates whose handlers wait, beside such as do not, while it is suspended, continues as new, and ends. */
  #awaited(): Live {
    const slow = (): LifeStep => ({
      do: 'slow',
      of: Array.from({ length: 1 + this.#random.below(3) }, () => this.#pick(SLOW_KINDS)),
      ...(this.#chance(0.2) && ({ isBad: true } as const)),
    });
    const talk = Array.from({ length: 1 + this.#random.below(3) }, (): readonly LifeStep[] => [
      slow(),
      ...this.#maybe<LifeStep>(0.3, { do: 'update', count: 1 }),
      ...this.#maybe<LifeStep>(0.2, { do: 'suspend' }, slow(), this.#pause(500), { do: 'resume' }),
      ...this.#maybe<LifeStep>(0.4, { do: 'query' }),
      this.#pause(600),
    ]).flat();
    const actions: LifeAction[] = [
      ...this.#few(2),
      { do: 'notes', count: 1 },
      ...this.#maybe<LifeAction>(0.4, { do: 'continue' }, ...this.#few(2)),
      { do: 'notes', count: 1 },
      ...this.#few(1),
    ];
    const half = this.#random.below(talk.length + 1);
    return this.#alone([
      { do: 'starts', of: [this.#begin(actions)] },
      ...talk.slice(0, half),
      { do: 'raise', count: 1 },
      ...talk.slice(half),
      ...this.#pick<readonly LifeStep[]>([
        [{ do: 'raise', count: 1 }],
        [{ do: 'raise', count: 1 }],
        [{ do: 'terminate' }],
        [{ do: 'cancel' }],
      ]),
      { do: 'end' },
      { do: 'query' },
    ]);
  }

  /** Children of its own, started one-way, and everything that it waits for. */
  #varied(): Live {
    const actions: LifeAction[] = [
      ...this.#few(3),
      { ...this.#child(this.#few(2)), do: 'startNew' },
      ...this.#few(2),
      ...this.#maybe<LifeAction>(0.3, { do: 'continue' }, this.#plain()),
    ];
    return this.#alone([
      { do: 'starts', of: [this.#begin(actions)] },
      ...this.#maybe<LifeStep>(0.3, { do: 'suspend' }, this.#pause(600), { do: 'resume' }),
      { do: 'end' },
    ]);
  }

  /** Not kept long: purged by itself. */
  #short(): Live {
    const begin = (): LifeStep => ({ do: 'starts', of: [this.#begin(this.#few(3), { isShort: true })] });
    return this.#alone([
      begin(),
      ...this.#maybe<LifeStep>(0.5, { do: 'end' }),
      ...this.#maybe(0.4, this.#pause(4_000), begin(), { do: 'end' } as const),
    ]);
  }

  /**
   * What another client does meanwhile, whatever it finds. It may die, so it holds nothing back; and a tree that is
   * suspended has to keep its root, through which it is resumed.
   */
  #disturbance(isTree: boolean): LiveAction {
    const steps = Array.from({ length: 1 + this.#random.below(3) }, (): LifeStep[] => [
      this.#pause(1_000),
      this.#pick<LifeStep>([{ do: 'query' }, { do: 'update', count: 1 }, ...(isTree ? [] : ending), { do: 'resume' }]),
    ]);
    return this.#by('c1', steps.flat());
  }
}

const ending: readonly LifeStep[] = [{ do: 'terminate' }, { do: 'cancel' }, { do: 'purge' }];

function isDeep(actions: readonly LiveAction[]): boolean {
  return actions.some(({ steps }) => steps.some((step) => step.do === 'suspend' && step.isDeep));
}
