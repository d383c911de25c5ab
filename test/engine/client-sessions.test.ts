import test from 'ava';
import { ClientSessions, type SessionNews } from '../../lib/engine/client-sessions.js';
import { SessionTable } from '../../lib/engine/session-table.js';
import type { CommitRecord } from '../../lib/wire/record.js';

const HOUR = 3_600_000;

/** Sessions, and a record that is sealed and not acknowledged before `acknowledge`. */
function setting() {
  const table = new SessionTable();
  const sessions = new ClientSessions(table);
  let sealed: CommitRecord;
  const take = (...news: SessionNews[]): readonly SessionNews[] => {
    for (const item of news) sessions.take(item);
    return news;
  };
  const seal = (news: readonly SessionNews[], at: number): CommitRecord => {
    const head = { v: 1, type: 'commit', epoch: 1, commit: 'c', prev: 0, counter: 1, steps: [] } as const;
    return (sealed = { ...head, at, ...sessions.accept(news, at) });
  };
  const acknowledge = (): void => {
    table.apply(sealed);
    sessions.acknowledged();
  };
  return { table, sessions, take, seal, acknowledge };
}

test('P5: a session that a sealed record ends is refused at once, and stays so', (t) => {
  const { table, sessions, take, seal, acknowledge } = setting();
  seal(take({ id: '1-a', mark: 0 }, { id: '1-a', mark: 3 }), 0);
  acknowledge();
  t.is(sessions.mark('1-a'), 3);
  t.deepEqual(seal(take({ id: '2-b', mark: 0 }), HOUR + 1).ended, ['1-a']);
  t.is(sessions.mark('1-a'), undefined);
  t.is(table.mark('1-a'), 3);
  acknowledge();
  t.is(sessions.mark('1-a'), undefined);
  t.is(sessions.mark('2-b'), 0);
});

test('P5: a session is not ended while mail has named it that no record has accepted', (t) => {
  const { sessions, take, seal, acknowledge } = setting();
  seal(take({ id: '1-a', mark: 0 }), 0);
  acknowledge();
  const waiting = take({ id: '1-a', mark: 1 }); // behind an input that is not consumed yet
  t.is(seal(take({ id: '2-b', mark: 0 }), HOUR + 1).ended, undefined);
  acknowledge();
  t.is(sessions.mark('1-a'), 1);
  t.deepEqual(seal(waiting, HOUR + 2).sessions, { '1-a': 1 });
  acknowledge();
  t.is(seal([], HOUR + 3).ended, undefined);
});

test('P5: marks stay ahead of the table while later records are to come', (t) => {
  const { sessions, take, seal, acknowledge } = setting();
  const first = take({ id: '1-a', mark: 0 }, { id: '1-a', mark: 1 });
  const second = take({ id: '1-a', mark: 2 });
  seal(first, 1);
  acknowledge();
  t.is(sessions.mark('1-a'), 2);
  seal(second, 2);
  acknowledge();
  t.is(sessions.mark('1-a'), 2);
  t.is(sessions.mark('3-c'), undefined);
});

test('P5: numbers that are skipped one by one are remembered as one range', (t) => {
  const { table, take, seal, acknowledge } = setting();
  seal(take({ id: '1-a', mark: 0 }), 0);
  acknowledge();
  const skips = Array.from({ length: 500 }, (_, i) => ({ id: '1-a', mark: i + 2, skipped: [[i + 1, i + 1] as const] }));
  seal(take(...skips), 1);
  acknowledge();
  const [session] = [...table.takeChanged().values()].flat();
  t.deepEqual(session?.skipped, [[1, 500]]);
  for (const number of [1, 250, 500]) t.is(table.answer('1-a', number, 9).outcome?.refused, 'notAccepted');
  t.deepEqual(table.answer('1-a', 501, 9), { accepted: true });
});
