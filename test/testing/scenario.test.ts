import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { scenario } from 'perdure/testing';
import { Greetings, Hello, Transfer } from '../engine/bank.js';

test('a decorated orchestrator is played step by step: these events in, these actions out', (t) => {
  const play = scenario(Hello);
  const scheduled = (id: number, input: string) => [{ type: 'TaskScheduled' as const, id, name: 'hello', input }];
  t.deepEqual(play.start(), { actions: scheduled(0, 'Tokyo') });
  t.deepEqual(play.completeTask(0, 'a'), { actions: scheduled(1, 'Seattle') });
  t.deepEqual(play.completeTask(1, 'b'), { actions: scheduled(2, 'Cairo') });
  t.deepEqual(play.completeTask(2, 'c'), { actions: [], completion: { type: 'Completed', output: ['a', 'b', 'c'] } });
});

test('its input is validated as in a worker', (t) => {
  const { completion } = scenario(Transfer).start({ from: 'a', to: 'b', amount: 0 });
  t.is(completion?.type, 'Failed');
  t.like(completion, { failure: { code: 'PERDURE_INVALID_INPUT' } });
});

let calls = 0;

@Orchestrator('fickle')
class Fickle {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<string> {
    return yield* context.callActivity(Greetings).hello(String(calls++));
  }
}

test('code that does something else when it is replayed is found out at once', (t) => {
  t.throws(() => scenario(Fickle).start(), { code: 'PERDURE_NON_DETERMINISM' });
});

test('a class that is no orchestrator is refused', (t) => {
  t.throws(() => scenario(Greetings), { code: 'PERDURE_DEFINITION' });
});
