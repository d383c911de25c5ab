import type { DeadLetter } from '../../lib/wire/dead-letter-codec.js';
import type { Answer } from '../../lib/wire/queries.js';
import { ask, bankHost, MemoryWorker, recordingLogger, surroundings, text } from '../engine/surroundings.js';
import { scenario } from 'perdure/testing';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import type { BadInput } from './row.js';

/** Rows about what is stored: code that does not fit it, heads that cannot be read, mail that is none. */

/** What a read of an instance with a changed head fails of, who is in quarantine, and whether another goes on. */
const withHead = (change: (body: Uint8Array) => Uint8Array) => async () => {
  const world = surroundings(1);
  const { hub, client, settle, advance } = world;
  const first = new MemoryWorker(hub, 'first', bankHost());
  await settle(first.claim());
  await settle(client.signal('counter', 'k', 'add', 'one'));
  await advance(2_000);
  await settle(first.stop());
  const subject = client.ports.partition(0).subjects.head('e.counter.k');
  const { state } = hub.streams(0);
  const { body, time } = state.latest(subject)!;
  state.store(subject, change(body.slice()), time);
  const next = new MemoryWorker(hub, 'next', bankHost(), {}, recordingLogger([]));
  await settle(next.claim());
  await settle(client.signal('counter', 'k', 'add', 'two'));
  await settle(client.signal('counter', 'other', 'add', 'one'));
  await advance(5_000);
  const [inspected] = await ask(world, 'e.counter.k', { kind: 'inspect' });
  const [read] = await ask(world, 'e.counter.k', { kind: 'entity', entity: { name: 'counter', key: 'k' } });
  return {
    code: (read as Extract<Answer, { kind: 'failed' }>).failure.code,
    quarantined: (inspected as Extract<Answer, { kind: 'inspect' }>).inspection.quarantined.map(
      ({ address }) => address,
    ),
    other: (await settle(client.entityHead('counter', 'other')))?.state,
  };
};
const flipped = (body: Uint8Array): Uint8Array => body.map((byte, at) => (at === 1 ? byte ^ 0x40 : byte));
const newer = (body: Uint8Array): Uint8Array => {
  body.set(new TextEncoder().encode('9'), new TextDecoder().decode(body).indexOf('"v":') + 4);
  return body;
};
const corrupt = { code: 'PERDURE_CORRUPT_HISTORY', quarantined: ['e.counter.k'], other: { seen: ['one'] } };

let calls = 0;
@Orchestrator('impure')
class Impure {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.callActivity('print', ++calls); // as Date.now, Math.random or fetch would do
  }
}

export const stored: readonly BadInput[] = [
  {
    row: 50,
    title: 'orchestrator: another value at every replay',
    attempt: () => scenario(Impure).start(),
    error: { code: 'PERDURE_NON_DETERMINISM', text: /print/ },
  },
  { row: 81, title: 'history: a flipped bit', attempt: withHead(flipped), becomes: corrupt },
  {
    row: 81,
    title: 'history: cut off',
    attempt: withHead((body) => body.subarray(0, body.length / 2)),
    becomes: corrupt,
  },
  {
    row: 82,
    title: 'history: of a newer version',
    attempt: withHead(newer),
    becomes: { ...corrupt, code: 'PERDURE_VERSION_TOO_NEW' },
  },
  {
    row: 83,
    title: 'mailbox: garbage',
    attempt: async () => {
      const { hub, client, settle, advance } = surroundings(1);
      await settle(new MemoryWorker(hub, 'w', bankHost(), {}, recordingLogger([])).claim());
      const subject = client.ports.partition(0).subjects.mail('e.counter.k');
      hub.streams(0).mail.store(subject, Uint8Array.of(0xff, 0xfe, 0x00), 0);
      await settle(client.signal('counter', 'k', 'add', 'after'));
      await advance(2_000);
      const [letter] = [...hub.deadLetters.all()].map(({ body }) => JSON.parse(text.decode(body)) as DeadLetter);
      return [
        letter?.subject,
        letter?.base64,
        typeof letter?.reason,
        (await settle(client.entityHead('counter', 'k')))?.state,
      ];
    },
    becomes: ['pd.test.0.m.e.counter.k', '//4A', 'string', { seen: ['after'] }],
  },
];
