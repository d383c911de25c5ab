import test from 'ava';
import { tellAll } from '../../lib/engine/notices.js';
import type { Bus } from '../../lib/engine/ports.js';
import { decodeNotices } from '../../lib/wire/answer-codec.js';
import type { Notice } from '../../lib/wire/queries.js';

const outcome = (id: string, result: unknown = 1): Notice =>
  ({ v: 1, kind: 'outcome', outcome: { id, result } }) as Notice;

function idOf(notice: Notice): string {
  if (notice.kind === 'outcome') return notice.outcome.id;
  return notice.kind === 'ended' ? notice.instanceId : notice.address;
}

/** What is told, by inbox: for each message the ids in it. */
function told(notices: readonly (readonly [string, Notice])[], maxBodyBytes = 1_000_000): Record<string, string[][]> {
  const messages: Record<string, string[][]> = {};
  const publish = (inbox: string, body: Uint8Array): void => {
    const decoded = decodeNotices(body);
    if ('refused' in decoded) throw new Error(decoded.refused);
    const ids = decoded.value.map((notice) => idOf(notice));
    (messages[inbox] ??= []).push(ids);
  };
  tellAll({ bus: { publish } as unknown as Bus, maxBodyBytes }, notices);
  return messages;
}

test('what a record brings for one inbox is told in one message, in its order', (t) => {
  const notices = [
    ['a', outcome('1')],
    ['b', outcome('2')],
    ['a', outcome('3')],
    ['a', outcome('4')],
  ] as const;
  t.deepEqual(told(notices), { a: [['1', '3', '4']], b: [['2']] });
  t.deepEqual(told([]), {});
});

test('a hundred travel together at most', (t) => {
  const notices = Array.from({ length: 250 }, (_, i) => ['a', outcome(String(i))] as const);
  t.deepEqual(
    told(notices)['a']!.map((ids) => ids.length),
    [100, 100, 50],
  );
});

test('what is too large together is told one by one, and what is too large alone is not told: it is asked for', (t) => {
  const text = 'x'.repeat(200);
  const notices = [
    ['a', outcome('1', text)],
    ['a', outcome('2', text.repeat(10))],
    ['a', { v: 1, kind: 'ended', instanceId: 'i', runId: 'r', runtimeStatus: 'Completed', output: text.repeat(10) }],
  ] as const;
  t.deepEqual(told(notices, 400), { a: [['1'], ['i']] });
});

test('several notices are refused whole when one cannot be read', (t) => {
  const body = new TextEncoder().encode('{"v":1,"kind":"several","notices":[{"v":1,"kind":"nothing"}]}');
  t.deepEqual(decodeNotices(body), { refused: '.notices[0].kind: is missing or unknown' });
});
