import test from 'ava';
import type { PerdureError } from '../../lib/errors.js';
import { JetStream } from '../../lib/nats/jetstream.js';
import { fakeSession } from './fake-connection.js';

const body = new Uint8Array([1]);

for (const [code, reason] of [
  [10002, 'resource limits exceeded for account'],
  [10023, 'insufficient resources'],
  [10047, 'insufficient storage resources available'],
  [10077, 'maximum bytes exceeded'],
] as const)
  test(`a store that is refused with ${code}, ${reason}, is told as a stream that is full, with its name`, async (t) => {
    const { session } = fakeSession(({ reply }) =>
      reply({ error: { code: 503, err_code: code, description: reason }, stream: 'PD-h-0-mail', seq: 0 }),
    );
    const told: PerdureError[] = [];
    const stored = await new JetStream(session).store('pd.h.0.m.o.a', body, { onRefused: (why) => told.push(why) });
    t.is(stored, undefined);
    t.is(told.length, 1);
    t.like(told[0], { code: 'PERDURE_STORAGE_FULL', stream: 'PD-h-0-mail', reason, effect: 'none' });
  });

test('a store that loses against another one is refused, and no stream is full', async (t) => {
  const { session } = fakeSession(({ reply }) =>
    reply({
      error: { code: 400, err_code: 10071, description: 'wrong last sequence: 7' },
      stream: 'PD-h-0-log',
      seq: 0,
    }),
  );
  t.is(await new JetStream(session).store('pd.h.0.l', body, { after: 6, onRefused: () => t.fail() }), undefined);
});

test('a store without an answer is told as a missing permission when the server says so of its subject meanwhile', async (t) => {
  const around = fakeSession(({ subject }) =>
    around.tell({
      type: 'error',
      data: 'PERMISSIONS_VIOLATION',
      permissionContext: { operation: 'publish', subject: subject === 'denied' ? 'denied' : 'another' },
    }),
  );
  const jetStream = new JetStream(around.session);
  const told: PerdureError[] = [];
  const store = (subject: string) => jetStream.store(subject, body, { onRefused: (why) => told.push(why) });
  t.is(await store('allowed'), undefined);
  t.deepEqual(told, []);
  t.is(await store('denied'), undefined);
  t.is(told.length, 1);
  t.like(told[0], { code: 'PERDURE_PERMISSION_DENIED', operation: 'publish', subject: 'denied' });
  t.is(
    told[0]!.message,
    'The NATS server at nats://one:4222 does not allow this connection to publish on denied. Give its user that permission.',
  );
  t.is(around.session.denial?.subject, 'another');
});
