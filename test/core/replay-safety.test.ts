import { createHash } from 'node:crypto';
import test from 'ava';
import { RandomSource } from '../../lib/core/random-source.js';
import { TaskOrchestrationExecutor } from '../../lib/core/task-orchestration-executor.js';
import type { HistoryEvent } from '../../lib/core/history.js';
import type { OrchestrationContext } from '../../lib/index.js';
import { completed, dependencies, failureOf, play, program, waiting, type Run } from './surroundings.js';

/** A replay of a history, and the lines that it logs. */
function replayed(run: Run, history: readonly HistoryEvent[]) {
  const lines: string[] = [];
  const log = (_level: string, message: string) => void lines.push(message);
  const executor = new TaskOrchestrationExecutor(program(run), dependencies, { instanceId: 'instance', log });
  executor.replay(history);
  return { executor, lines };
}

// ---- isReplaying -----------------------------------------------------------------------------------------------------

test('isReplaying is false before the first wait of a new instance, and true there when it is rebuilt', (t) => {
  const seen: boolean[] = [];
  const run: Run = function* (ctx) {
    seen.push(ctx.isReplaying);
    yield* ctx.callActivity('a');
    seen.push(ctx.isReplaying);
    yield* ctx.callActivity('b');
    seen.push(ctx.isReplaying);
  };
  const s = play(run);
  s.start();
  t.deepEqual(seen.splice(0), [false, false], 'played, and played by a second executor');
  s.completeTask(0);
  seen.splice(0);
  const { executor } = replayed(run, s.history);
  t.deepEqual(seen.splice(0), [true, true]);
  executor.advance({ type: 'TaskCompleted', at: s.now, id: 1 });
  t.deepEqual(seen, [false]);
});

test('isReplaying is right around tasks that run side by side', (t) => {
  const seen: boolean[] = [];
  const run: Run = function* (ctx) {
    const [a, b] = [ctx.callActivity('a'), ctx.callActivity('b')];
    yield* ctx.any([a, b]);
    seen.push(ctx.isReplaying);
    yield* ctx.all([a, b]);
    seen.push(ctx.isReplaying);
  };
  const s = play(run);
  s.start();
  s.completeTask(1);
  seen.splice(0);
  const { executor } = replayed(run, s.history);
  t.deepEqual(seen.splice(0), [true]);
  executor.advance({ type: 'TaskCompleted', at: s.now, id: 0 });
  t.deepEqual(seen, [false]);
});

// ---- the log ---------------------------------------------------------------------------------------------------------

const talkative: Run = function* (ctx) {
  ctx.log.info('begins', { city: 'Oslo' });
  yield* ctx.callActivity('a');
  ctx.log.warn('half-way');
  yield* ctx.callActivity('b');
  ctx.log.error('ends');
  ctx.log.debug('really');
};

test('the log tells each line once, with its level and fields, and nothing of it is recorded', (t) => {
  const s = play(talkative);
  t.is(s.start().actions.length, 1);
  s.completeTask(0);
  t.deepEqual(s.completeTask(1), { actions: [], completion: { type: 'Completed' } });
  t.deepEqual(s.log, [
    { level: 'info', message: 'begins', fields: { city: 'Oslo' } },
    { level: 'warn', message: 'half-way', fields: {} },
    { level: 'error', message: 'ends', fields: {} },
    { level: 'debug', message: 'really', fields: {} },
  ]);
});

test('the log is silent on replay, and goes on with the first new line', (t) => {
  const s = play(talkative);
  s.start();
  s.completeTask(0);
  const { executor, lines } = replayed(talkative, s.history);
  t.deepEqual(lines, []);
  executor.advance({ type: 'TaskCompleted', at: s.now, id: 1 });
  t.deepEqual(lines, ['ends', 'really']);
});

test('a logger that throws changes nothing for the code, also when it changes the fields', (t) => {
  const fields = { n: 1 };
  const log = (_level: string, _message: string, told: object) => {
    Object.assign(told, { n: 2 });
    throw new Error('disk full');
  };
  const run: Run = (ctx) => {
    ctx.log.info('x', fields);
    return fields.n;
  };
  const executor = new TaskOrchestrationExecutor(program(run), dependencies, { instanceId: 'i', log });
  const turn = executor.advance({ type: 'ExecutionStarted', at: 0, name: 'test', executionId: 'x' });
  t.deepEqual(turn, completed(1));
});

// ---- random ----------------------------------------------------------------------------------------------------------

test('random numbers are from 0 to 1, the same on every replay, and others for every call, instance and execution', (t) => {
  const drawn = (options: object) => {
    const { completion } = play((ctx) => Array.from({ length: 50 }, () => ctx.random()), options).start();
    return completion?.type === 'Completed' ? (completion.output as number[]) : [];
  };
  const all = [{}, { instanceId: 'other' }, { executionId: 'other' }].map(drawn);
  t.is(new Set(all.flat()).size, 150);
  t.true(all.flat().every((number) => number >= 0 && number < 1));
  t.deepEqual(drawn({}), all[0]);
});

test('random numbers are well spread', (t) => {
  const source = new RandomSource('spread');
  const buckets = Array.from({ length: 10 }, () => 0);
  for (let n = 0; n < 10_000; n++) buckets[Math.floor(source.next() * 10)]! += 1;
  t.true(
    buckets.every((count) => count > 900 && count < 1_100),
    String(buckets),
  );
});

test('they are those of xoshiro128** for the first 16 bytes of the SHA-1 of the seed', (t) => {
  const digest = createHash('sha1').update('seed').digest();
  const state = [0, 4, 8, 12].map((at) => BigInt(digest.readUInt32BE(at)));
  const cut = (word: bigint) => BigInt.asUintN(32, word);
  const rotated = (word: bigint, bits: bigint) => cut((word << bits) | (word >> (32n - bits)));
  const word = (): bigint => {
    const result = cut(rotated(cut(state[1]! * 5n), 7n) * 9n);
    const shifted = cut(state[1]! << 9n);
    state[2]! ^= state[0]!;
    state[3]! ^= state[1]!;
    state[1]! ^= state[2]!;
    state[0]! ^= state[3]!;
    state[2]! ^= shifted;
    state[3] = rotated(state[3]!, 11n);
    return result;
  };
  const source = new RandomSource('seed');
  for (let n = 0; n < 100; n++) {
    const expected = Number(((word() >> 5n) << 26n) | (word() >> 6n)) / 2 ** 53;
    t.is(source.next(), expected);
  }
});

test('what draws outside its turn is refused', (t) => {
  let kept: OrchestrationContext | undefined;
  const s = play(function* (ctx) {
    kept = ctx;
    yield* ctx.callActivity('a');
  });
  t.is(s.start().actions.length, 1);
  t.throws(() => kept?.random(), { code: 'PERDURE_ILLEGAL_AWAIT' });
  t.deepEqual(s.raiseEvent('x'), waiting);
});

test('a custom status beyond 16,384 characters of JSON is refused', (t) => {
  t.is(play((ctx) => ctx.setCustomStatus('x'.repeat(16_382))).start().completion?.type, 'Completed');
  t.is(failureOf(play((ctx) => ctx.setCustomStatus('x'.repeat(16_383))).start())?.code, 'PERDURE_PAYLOAD_TOO_LARGE');
});
