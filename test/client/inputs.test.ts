import { randomUUID } from 'node:crypto';
import test from 'ava';
import { IsDate, IsInt, IsString } from 'class-validator';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { hostOf } from '../engine/surroundings.js';
import { rejection, Surroundings } from './surroundings.js';

class Request {
  @IsString() requestId = randomUUID();
  @IsDate() at = new Date();
  @IsInt() rounds = 1;
}

/** Says twice, with a wait between, what it was asked for; the second time it continues as new. */
@Orchestrator('asked')
class Asked {
  @Run() *run(request: Request, context: OrchestrationContext): Orchestration<string[] | void> {
    const said = [`${request.requestId} ${request.at.toISOString()}`];
    const wait = context.createTimer(1_000);
    context.setCustomStatus(said);
    yield* wait;
    said.push(`${request.requestId} ${request.at.toISOString()}`);
    return request.rounds > 1 ? context.continueAsNew({ rounds: request.rounds - 1 }) : said;
  }
}

class Amount {
  @IsInt() by = 1;
}

@Entity('counter')
class Counter {
  state = { value: 0 };
  @Operation() add(by: number = 1): number {
    return (this.state.value += by);
  }
  @Operation({ optional: true }) grow(amount?: Amount): number {
    return (this.state.value += amount?.by ?? 10);
  }
  @Operation() need(amount?: Amount): number {
    return (this.state.value += amount?.by ?? 100);
  }
}

@Orchestrator('optional')
class Optional {
  @Run({ optional: true }) *run(count?: number): Orchestration<number> {
    yield* [];
    return count ?? -1;
  }
}

const host = () => hostOf({ entities: [Counter], orchestrators: [Asked, Optional] });

test('what a class adds to an input is made once, however often the code is replayed', async (t) => {
  const around = new Surroundings();
  const { client } = around;
  const first = await around.work('w1', host());
  const byClass = await around.settle(client.startNew(Asked, { rounds: 1 } as Request));
  const byName = await around.settle(client.startNew<string[]>('asked', { rounds: 2 }));
  await around.advance(300);
  first.connection.kill();
  const second = await around.work('w2', host());
  await around.advance(800);
  second.connection.kill();
  await around.work('w3', host());
  for (const handle of [byClass, byName]) {
    const said = (await around.settle(handle.result())) as string[];
    t.is(said.length, 2);
    t.is(said[0], said[1]);
  }
});

test('an input may be left away where the parameter has a default or the options say so', async (t) => {
  const around = new Surroundings();
  const { client } = around;
  await around.work('w1', host());
  const counter = client.callEntity(Counter, 'c');
  t.is(await around.settle(counter.add()), 1);
  t.is(await around.settle(counter.add(5)), 6);
  t.is(await around.settle(counter.grow()), 16);
  t.is(await around.settle(counter.grow({ by: 2 })), 18);
  t.is(await around.settle(client.callEntity('counter', 'c', 'add')), 19);
  t.is(await around.settle((await around.settle(client.startNew(Optional))).result()), -1);
  t.is(await around.settle((await around.settle(client.startNew(Optional, 7))).result()), 7);
  const missing = await rejection(around, () => counter.need());
  t.is(missing.code, 'PERDURE_INVALID_INPUT');
  t.regex(missing.message, /option optional: true/);
  t.is((await rejection(around, () => counter.add('1' as never))).code, 'PERDURE_INVALID_INPUT');
});
