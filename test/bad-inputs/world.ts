import { OrchestrationContext, type Orchestration, type OrchestrationFailedError } from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { Surroundings } from '../client/surroundings.js';
import { hostOf } from '../engine/surroundings.js';

/** What the rows about handlers and orchestrators run, on a hub in memory of which each row has its own. */

const neverEnding = new Promise<void>(() => {});
const cyclic = (): Error => {
  const error = new Error('round');
  error.cause = new Error('and round', { cause: error });
  return error;
};
const thrown: Record<string, () => unknown> = {
  null: () => null,
  text: () => 'just a text',
  proxy: () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  long: () => new Error('x'.repeat(10_000_000)),
  cyclic,
};

/** What no state can hold. */
export const spoils: Readonly<Record<string, () => unknown>> = {
  'a bigint': () => 1n,
  'a cycle': () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    return cycle;
  },
  NaN: () => NaN,
  'a Map': () => new Map(),
  'a function': () => () => 1,
  'undefined in an array': () => [undefined],
  'a getter that throws': () => ({
    get a(): never {
      throw new Error('no');
    },
  }),
  'toJSON that returns a bigint': () => ({ toJSON: () => 1n }),
  '10,000 deep': () => {
    let value: unknown = [];
    for (let depth = 1; depth < 10_000; depth++) value = [value];
    return value;
  },
  'a key __proto__': () => JSON.parse('{"__proto__":{"isAdmin":true}}') as unknown,
  'constructor.prototype': () => ({ constructor: { prototype: {} } }),
  'a lone surrogate': () => 'x\udc00',
  'larger than the limit': () => 'x'.repeat(16 * 1_024 * 1_024),
};

@Entity('odd')
export class Odd {
  state: { kept: unknown } = { kept: 'old' };
  @Operation({ input: String }) keep(value: string): void {
    this.state.kept = value;
  }
  @Operation({ input: String }) fail(how: string): void {
    throw thrown[how]!();
  }
  @Operation({ input: String }) spoil(how: string): void {
    this.state.kept = spoils[how]!();
  }
  @Operation() later(): unknown {
    let asked = 0;
    // oxlint-disable-next-line unicorn/no-thenable -- it is what the row is about
    return { then: (resolve: (value: string) => void) => resolve(`awaited ${++asked} time`) };
  }
  @Operation({ timeoutInMilliseconds: 1_000 }) async never(): Promise<void> {
    await neverEnding;
  }
}

const times: Record<string, unknown> = {
  nan: NaN,
  invalid: new Date(NaN),
  past: new Date(0),
  'year 9999': new Date('9999-12-31T23:59:59.999Z'),
  '2^53': 2 ** 53,
  negative: -1,
};

@Orchestrator('timed')
export class Timed {
  @Run({ input: String }) *run(when: string, ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.createTimer(times[when] as number);
    return 'fired';
  }
}

@Orchestrator('many')
export class Many {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.all(Array.from({ length: 1_000_000 }, () => ctx.createTimer(1)));
  }
}

/** As a JavaScript user writes it: it does not compile. */
@Orchestrator('foreign')
export class Foreign {
  @Run() *run(): Generator<unknown> {
    yield Promise.resolve(1);
  }
}

@Orchestrator('waiter')
export class Waiter {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.waitForExternalEvent('a.b é');
  }
}

export class World extends Surroundings {
  static async open(): Promise<World> {
    const world = new World();
    await world.work('worker', hostOf({ entities: [Odd], orchestrators: [Timed, Many, Foreign, Waiter] }));
    return world;
  }

  /** What an operation or an orchestration failed of. */
  async failureOf(
    call: () => Promise<unknown>,
  ): Promise<{ name: string; message: string; code?: string | undefined; depth: number }> {
    try {
      await this.settle(call());
    } catch (error) {
      let { failureDetails: failure } = error as OrchestrationFailedError;
      while (/PERDURE_(?:TASK|ENTITY|ORCHESTRATION)/.test(failure.code ?? '') && failure.cause) failure = failure.cause;
      let depth = 0;
      for (let cause = failure.cause; cause; cause = cause.cause) depth++;
      return { name: failure.name, message: failure.message, code: failure.code, depth };
    }
    throw new Error('It was accepted');
  }

  async ran(name: string, input?: unknown): Promise<unknown> {
    const handle = await this.settle(this.client.startNew(name, input));
    return this.settle(handle.result());
  }
}
