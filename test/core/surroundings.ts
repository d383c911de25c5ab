import type { CoreDependencies } from '../../lib/core/dependencies.js';
import type { OrchestrationContext } from '../../lib/core/orchestration-context.js';
import type { OrchestratorProgram } from '../../lib/core/programs.js';
import type { Turn } from '../../lib/core/turn.js';
import type { Constructor, Json, ValueCodec } from '../../lib/core/values.js';
import {
  DefinitionError,
  InvalidIdError,
  InvalidInputError,
  InvalidNameError,
  UnserializableError,
  type FailureDetails,
} from '../../lib/errors.js';
import { Scenario, type ScenarioOptions } from '../../lib/testing/index.js';

export class Amount {
  amount!: number;
}

export class Account {
  state = { balance: 0 };
  deposit({ amount }: Amount): number {
    return (this.state.balance += amount);
  }
  balance(): number {
    return this.state.balance;
  }
  audit(): void {}
}

export class Greetings {
  async hello(city: string): Promise<string> {
    return `Hello, ${city}!`;
  }
  async mail(_to: string): Promise<void> {}
  async forgotten(): Promise<void> {}
}

export class Transfer {
  run({ amount }: Amount): number {
    return amount;
  }
}

/** JSON with a refusal of functions, and the DTO class `Amount` checked by hand. */
const values: ValueCodec = {
  encode(value) {
    if (value === undefined) return undefined;
    const text = JSON.stringify(value, (key, item: unknown) => {
      if (typeof item === 'function') throw new UnserializableError(`$.${key}`, 'function');
      return item;
    });
    return JSON.parse(text) as Json;
  },
  decode(json, type, target = 'input') {
    if (type === undefined) return structuredClone(json);
    const isAmount = typeof json === 'object' && json !== null && 'amount' in json && typeof json.amount === 'number';
    if (!isAmount) throw new InvalidInputError(target, [{ path: '$.amount', messages: ['must be a number'] }]);
    return Object.assign(new Amount(), json);
  },
};

export const dependencies: CoreDependencies = {
  values,
  names: {
    entity: (type) => {
      if (type !== (Account as Constructor)) throw new DefinitionError(`${type.name} is not an @Entity`);
      const operations = new Map(['deposit', 'balance'].map((name) => [name, { name, isReadonly: false }]));
      return { name: 'account', operations, undecorated: new Set(['audit']) };
    },
    orchestrator: () => ({ name: 'transfer' }),
    activities: () => ({
      activities: new Map([
        ['hello', { name: 'hello' }],
        [
          'mail',
          { name: 'mail.send', queue: 'mails', retry: { maxAttempts: 2, firstRetryIntervalInMilliseconds: 1_000 } },
        ],
      ]),
      undecorated: new Set(['forgotten']),
    }),
  },
  ids: {
    checkInstanceId: (id) => checked(id, InvalidIdError),
    checkEntityKey: (key) => checked(key, InvalidIdError),
    checkName: (name) => checked(name, InvalidNameError),
  },
};

function checked(text: unknown, Refusal: new (message: string) => Error): string {
  if (typeof text !== 'string' || text === '') throw new Refusal('empty');
  return text;
}

/** What an orchestrator's `run` method may be, also in JavaScript. */
export type Run = (ctx: OrchestrationContext, input: never) => unknown;

export function program(run: Run): OrchestratorProgram {
  return {
    name: 'test',
    accept: (input) => input,
    create: () => ({}),
    run: (_target, input, ctx) => run(ctx, dependencies.values.decode(input) as never),
    queries: new Map(),
    updates: new Map(),
  };
}

/** A scenario of one generator function. */
export function play(run: Run, options?: ScenarioOptions): Scenario {
  return new Scenario(program(run), dependencies, options);
}

/** When scenarios start. */
export const start = Date.UTC(2025, 0, 1);

/** The turn of one who goes on waiting: nothing else happened. */
export const waiting = { actions: [] };

/** The turn that ends well and does nothing else. */
export const completed = (output?: unknown) => ({ actions: [], completion: { type: 'Completed', output } });

export function failureOf({ completion }: Turn): FailureDetails | undefined {
  return completion?.type === 'Failed' ? completion.failure : undefined;
}
