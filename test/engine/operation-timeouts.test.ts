import test from 'ava';
import { EntityContext, OperationTimeoutError, OrchestrationContext, type Orchestration } from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { hostOf, MemoryWorker, recordingLogger, surroundings } from './surroundings.js';

/** What the operations that wait are let go with, and what they were told meanwhile. */
const waiting: { end: () => void; signal: AbortSignal }[] = [];

@Entity('patient')
class Patient {
  state = { seen: [] as string[] };
  @Operation({ input: String, timeoutInMilliseconds: 1_000 }) async wait(
    id: string,
    ctx: EntityContext,
  ): Promise<void> {
    this.state.seen.push(`${id} began`);
    await new Promise<void>((resolve) => waiting.push({ end: resolve, signal: ctx.signal }));
    this.state.seen.push(`${id} ended`);
    ctx.signalEntity(Patient, 'other').note(id);
  }
  @Operation({ input: String }) note(id: string): void {
    this.state.seen.push(id);
  }
}

@Orchestrator('caller')
class Caller {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string> {
    try {
      yield* ctx.callEntity(Patient, 'p').wait('called');
      return 'ended';
    } catch (error) {
      return (error as Error).message;
    }
  }
}

test.serial('an operation that does not end in time fails, changes nothing, and the next one runs', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const lines: string[] = [];
  const worker = new MemoryWorker(
    hub,
    'w',
    hostOf({ entities: [Patient], orchestrators: [Caller] }),
    {},
    recordingLogger(lines),
  );
  await settle(worker.claim());
  const state = async () => (await settle(client.entityHead('patient', 'p')))?.state;
  await settle(client.signal('patient', 'p', 'wait', 'first'));
  await settle(client.signal('patient', 'p', 'note', 'second'));
  await advance(900);
  t.is(await state(), undefined);
  t.false(waiting[0]!.signal.aborted);
  await advance(400);
  t.deepEqual(await state(), { seen: ['second'] });
  t.true(waiting[0]!.signal.reason instanceof OperationTimeoutError);
  t.regex(
    lines.join('\n'),
    /e\.patient\.p: A signalled operation failed .*OperationTimeoutError: patient\.wait has not/,
  );

  // It goes on in a third operation's time, and reaches nobody.
  await settle(client.signal('patient', 'p', 'wait', 'third'));
  await advance(100);
  waiting[0]!.end();
  await advance(100);
  waiting[1]!.end();
  await advance(1_000);
  t.deepEqual(await state(), { seen: ['second', 'third began', 'third ended'] });
  t.deepEqual((await settle(client.entityHead('patient', 'other')))?.state, { seen: ['third'] });
});

test.serial('who calls an operation that does not end in time is told', async (t) => {
  const { hub, client, settle, advance } = surroundings(2);
  const worker = new MemoryWorker(hub, 'w', hostOf({ entities: [Patient], orchestrators: [Caller] }));
  await settle(worker.claim());
  await settle(client.start('caller', 'c'));
  await advance(3_000);
  const head = await settle(client.orchestrationHead('c'));
  t.regex(
    JSON.stringify(head?.output),
    /patient\.wait failed: patient\.wait has not ended within 1000 ms and was given up/,
  );
});
