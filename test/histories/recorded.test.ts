import test from 'ava';
import { checkReplay } from 'perdure/testing';
import { isInbound } from '../../lib/core/replay-check.js';
import { rebuild } from '../../lib/core/rebuild.js';
import type { HistoryEvent } from '../../lib/core/history.js';
import { jsonEqual } from '../../lib/core/json-equal.js';
import type { Turn } from '../../lib/core/turn.js';
import { hostOf } from '../engine/surroundings.js';
import { hosted, orchestrators } from './programs.js';
import { recordedRuns, type RecordedRun } from './recorded-history.js';
import { programs, run } from './runs.js';

const runs = recordedRuns();
const host = hostOf(hosted());

test('every program has a recorded run', (t) => {
  t.deepEqual(
    Object.keys(programs).filter((name) => !runs.has(name)),
    [],
    'record it: node build/test/histories/record.js',
  );
  const types = new Set([...runs.values()].flatMap(eventsOf).map(({ type }) => type));
  t.true(types.size >= 20, [...types].join(' '));
});

const eventsOf = ({ executions }: RecordedRun): readonly HistoryEvent[] => executions.flatMap(({ history }) => history);

for (const [name, recorded] of runs) {
  test(`what an earlier build has recorded is replayed by this one: ${name}`, (t) => {
    for (const { instanceId, error } of checkReplay(recorded.executions, orchestrators))
      t.is(error, undefined, instanceId);
  });

  test(`an instance goes on from any point of what an earlier build has recorded: ${name}`, (t) => {
    for (const { instanceId, history } of recorded.executions)
      for (const [at, event] of history.entries()) {
        if (!isInbound(event) || event.type === 'ExecutionStarted') continue;
        const [started] = history;
        if (started?.type !== 'ExecutionStarted') return t.fail('no start');
        const executor = rebuild(host.orchestrators.demand(started), host.core, { instanceId }, history.slice(0, at));
        const turn = executor.advance(event);
        t.true(jsonEqual(asJson(toldBy(turn)), asJson(turnAt(history, at))), `${instanceId}, event ${at}`);
      }
    return t.pass();
  });

  test(`a program comes to the same end as in an earlier build: ${name}`, async (t) => {
    t.deepEqual((await run(name, programs[name]!)).outcome, recorded.outcome);
  });
}

/** What a turn says, without stacks and times. */
function toldBy({ actions, completion }: Turn): readonly unknown[] {
  if (!completion) return actions;
  if (completion.type === 'Completed') return [...actions, ['ExecutionCompleted', completion.output]];
  if (completion.type === 'ContinuedAsNew') return [...actions, ['ContinuedAsNew', completion.input]];
  if (completion.type === 'Canceled') return [...actions, ['ExecutionCanceled', completion.reason]];
  return [...actions, ['ExecutionFailed', completion.failure.message]];
}

/** What the history says of the turn that an event began. */
function turnAt(history: readonly HistoryEvent[], at: number): readonly unknown[] {
  const next = history.findIndex((event, index) => index > at && isInbound(event));
  return history.slice(at + 1, next < 0 ? undefined : next).map((event) => {
    if (event.type === 'ExecutionCompleted') return [event.type, event.output];
    if (event.type === 'ContinuedAsNew') return [event.type, event.input];
    return event.type === 'ExecutionFailed' ? [event.type, event.failure.message] : event;
  });
}

const asJson = (value: unknown) => JSON.parse(JSON.stringify(value)) as null;
