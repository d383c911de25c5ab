/** docs/adr/0046: what a step makes by the thousand has one hidden class, and not one for each object. */
import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import test from 'ava';
import { EntityExecutor } from '../../lib/core/entity-executor.js';
import { TaskOrchestrationExecutor } from '../../lib/core/task-orchestration-executor.js';
import type { OperationOutcome } from '../../lib/core/operation.js';
import { answered } from '../../lib/engine/outcomes.js';
import { ofSession } from '../../lib/engine/session-mail.js';
import { bankHost } from './surroundings.js';

/** The engine makes up its mind about a piece of code in its first runs. */
const RUNS = 500;
const SETTLED = 100;

setFlagsFromString('--allow-natives-syntax');
const haveSameClass = runInThisContext('(a, b) => %HaveSameMap(a, b)') as (a: object, b: object) => boolean;

const host = bankHost();
const entity = { name: 'account', key: 'alice' };

const makers: Record<string, (i: number) => object> = {
  'the request of an activity': (i) => turnOf('hello', i, 'Oslo').actions[0]!,
  'the call of an entity': (i) => turnOf('transfer', i, { from: 'alice', to: 'bob', amount: 1 }).actions[0]!,
  'the end of an operation': () =>
    new EntityExecutor(host.entities.get('account')!, entity, host.core).execute({
      name: 'deposit',
      input: { amount: 1 },
      at: 1,
    }) as OperationOutcome,
  'the entry of a step that answers': (i) =>
    answered({ entry: { events: [] }, messages: [] }, { id: `s.${i}`, reply: 'inbox' }, { result: i }).entry,
  'a message of a session': (i) => ofSession({ kind: 'operation', name: 'deposit', input: i, done: [1] }, 's', i),
};

function turnOf(name: string, i: number, input: string | { from: string; to: string; amount: number }) {
  const program = host.orchestrators.demand({ name });
  const executor = new TaskOrchestrationExecutor(program, host.core, { instanceId: `i${i}` });
  return executor.advance({ type: 'ExecutionStarted', at: 1, name, executionId: `e${i}`, input });
}

for (const [what, make] of Object.entries(makers)) {
  test(`objects of one kind have one hidden class: ${what}`, (t) => {
    const made = Array.from({ length: RUNS }, (_, i) => make(i));
    const last = made.at(-1)!;
    const others = made.slice(SETTLED).filter((each) => !haveSameClass(each, last));
    t.is(others.length, 0);
  });
}
