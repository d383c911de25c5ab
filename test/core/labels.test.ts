import test from 'ava';
import fc from 'fast-check';
import { compareVersions } from '../../lib/core/compare-versions.js';
import { checkTags } from '../../lib/core/labels.js';
import { InvalidTagsError } from '../../lib/index.js';
import { completed, failureOf, play, program } from './surroundings.js';
import { Scenario } from '../../lib/testing/index.js';
import { dependencies } from './surroundings.js';

test('an instance knows its input, version, tags and memo, and keeps its own copies', (t) => {
  const tags = { customer: 'alice', stage: '' };
  const s = play(
    function* (ctx) {
      (ctx.input as { city: string }).city = 'changed';
      (ctx.memo as number[]).push(3);
      (ctx.tags as Record<string, string>)['customer'] = 'mallory';
      yield* ctx.createTimer(1);
      return [ctx.input, ctx.version, ctx.tags, ctx.memo];
    },
    { version: '1.2', tags, memo: [1, 2] },
  );
  s.start({ city: 'Oslo' });
  tags.customer = 'bob';
  t.like(s.history[0], { version: '1.2', tags: { customer: 'alice', stage: '' }, memo: [1, 2] });
  t.deepEqual(s.fireTimer(0), completed([{ city: 'Oslo' }, '1.2', { customer: 'alice', stage: '' }, [1, 2]]));
});

test('an instance without labels has no version, no tags and no memo', (t) => {
  const s = play((ctx) => [ctx.version === undefined, ctx.tags, ctx.memo === undefined, ctx.input === undefined]);
  t.deepEqual(s.start(), completed([true, {}, true, true]));
  t.deepEqual(Object.keys(s.history[0]!), ['type', 'at', 'name', 'executionId', 'behaviour']);
});

test('falsy inputs and memos survive', (t) => {
  for (const value of [0, '', false, null]) {
    const s = play((ctx, input) => [ctx.input, input, ctx.memo], { memo: value });
    t.deepEqual(s.start(value), completed([value, value, value]));
  }
});

test('the version of the code is that of instances that were started without one', (t) => {
  const versioned = { ...program((ctx) => ctx.version), version: '3.1' };
  t.deepEqual(new Scenario(versioned, dependencies).start(), completed('3.1'));
  t.deepEqual(new Scenario(versioned, dependencies, { version: '2.0' }).start(), completed('2.0'));
});

test('children and new orchestrations are started with labels of their own', (t) => {
  const labels = { version: '2', tags: { of: 'test' }, memo: { n: 0 } };
  const s = play(
    function* (ctx) {
      ctx.startNew('other', 1, { ...labels, instanceId: 'mine' });
      yield* ctx.callSubOrchestrator('child', 2, labels);
    },
    { tags: { parent: 'yes' } },
  );
  t.deepEqual(s.start().actions, [
    { type: 'OrchestrationStartSent', id: 0, name: 'other', instanceId: 'mine', input: 1, ...labels },
    {
      type: 'SubOrchestrationInstanceCreated',
      id: 1,
      name: 'child',
      instanceId: 'execution:0001',
      input: 2,
      ...labels,
    },
  ]);
});

test('labels that cannot be are refused at the call, and nothing is recorded', (t) => {
  for (const [options, code] of [
    [{ tags: { a: 1 } as unknown as Record<string, string> }, 'PERDURE_INVALID_TAGS'],
    [{ version: 'one two' }, 'PERDURE_INVALID_NAME'],
    [{ version: 2 as unknown as string }, 'PERDURE_INVALID_NAME'],
    [{ memo: 'x'.repeat(16_383) }, 'PERDURE_PAYLOAD_TOO_LARGE'],
    [{ memo: () => 1 }, 'PERDURE_UNSERIALIZABLE'],
  ] as const) {
    for (const start of [
      play((ctx) => ctx.startNew('other', 1, options)),
      play((ctx) => ctx.callSubOrchestrator('other', 1, options)),
    ]) {
      const turn = start.start();
      t.is(failureOf(turn)?.code, code);
      t.deepEqual(turn.actions, []);
    }
  }
});

test('tags are at most 16 short texts', (t) => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`t${n}`, '']));
  for (const tags of [many(16), { ['n'.repeat(64)]: 'v'.repeat(256) }, { é: '漢字', 'a b': '' }, {}])
    t.deepEqual(checkTags(tags), tags);
  for (const [tags, text] of [
    [many(17), 'there are 17, and 16 at most'],
    [{ '': 'x' }, 'a name is empty'],
    [{ ['n'.repeat(65)]: '' }, 'the name has more than 64 bytes of UTF-8'],
    [{ ['é'.repeat(33)]: '' }, 'the name has more than 64 bytes of UTF-8'],
    [{ a: 'é'.repeat(129) }, 'the value of "a" has more than 256 bytes of UTF-8'],
    [{ a: 'line\nbreak' }, 'the value of "a" has a control character'],
    [{ a: '\ud800' }, 'the value of "a" is malformed Unicode'],
    [{ a: null }, '"a" is no text'],
    [JSON.parse('{"__proto__":"x"}'), 'no tag may be called __proto__'],
    [['a'], 'must be an object of texts'],
    [null, 'must be an object of texts'],
  ] as const) {
    const error = t.throws(() => checkTags(tags), { instanceOf: InvalidTagsError });
    t.true(error.message.includes(text), error.message);
  }
});

test('versions are compared part by part, as numbers where both are', (t) => {
  for (const [older, newer] of [
    ['1', '2'],
    ['1.9', '1.10'],
    ['1.2', '1.2.1'],
    ['9.99.99', '10'],
    ['1.99999999999999999998', '1.99999999999999999999'],
    ['1.0-alpha', '1.0-beta'],
    ['2024-11-30', '2024-12-01'],
    [undefined, '0'],
  ] as const) {
    t.true(compareVersions(older, newer) < 0, `${older} < ${newer}`);
    t.true(compareVersions(newer, older) > 0, `${newer} > ${older}`);
  }
  for (const [one, other] of [
    ['1', '1.0.0'],
    ['01.2', '1.02'],
    ['1.x', '1.x'],
    [undefined, undefined],
  ] as const)
    t.is(compareVersions(one, other), 0);
});

test('comparing versions is an order', (t) => {
  const version = fc.array(fc.constantFrom('0', '1', '2', '10', '09', 'a', 'b'), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(version, version, (left, right) => {
      const [a, b] = [left.join('.'), right.join('.')];
      t.is(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) + 0);
      t.is(compareVersions(a, a), 0);
    }),
    { numRuns: 300 },
  );
});

test('an orchestrator compares its own version', (t) => {
  const compared = (version?: string) =>
    play((ctx) => ['1.2', '1.10', '2'].map((other) => Math.sign(ctx.compareVersion(other))), { version }).start();
  t.deepEqual(compared('1.10'), completed([1, 0, -1]));
  t.deepEqual(compared(), completed([-1, -1, -1]));
  t.is(failureOf(play((ctx) => ctx.compareVersion('')).start())?.code, 'PERDURE_INVALID_NAME');
});

test('continueAsNew may go on with another version', (t) => {
  const s = play((ctx) => ctx.continueAsNew(1, { version: '2' }), { version: '1' });
  t.deepEqual(s.start().completion, { type: 'ContinuedAsNew', input: 1, version: '2', carriedEvents: [] });
  t.is(failureOf(play((ctx) => ctx.continueAsNew(1, { version: 'a b' })).start())?.code, 'PERDURE_INVALID_NAME');
});
