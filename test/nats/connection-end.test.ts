import test from 'ava';
import { NatsError } from 'nats';
import { AuthFailedError, ClosedError, type PerdureError } from '../../lib/errors.js';
import { fakeSession } from './fake-connection.js';

const thrown = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test('a connection that ends because credentials are refused says so to all that still ask something of it', async (t) => {
  const { end, session: made } = fakeSession();
  const waiting = thrown(made.requests.send('some.subject', new Uint8Array()).then(() => made.whenConnected()));
  end(new NatsError("'User Authentication Expired'", 'AUTHENTICATION_EXPIRED'));
  const why = await made.closed;
  const later = await thrown(made.requests.send('some.subject', new Uint8Array()));
  const errors = [why, await waiting, later, await thrown(made.whenConnected())];
  t.throws(() => made.subscribe('some.subject', () => {}), { is: why! });
  for (const error of errors) {
    t.true(error instanceof ClosedError, String(error));
    t.is((error as PerdureError).code, 'PERDURE_CLOSED');
    t.regex(
      (error as Error).message,
      /^The connection to nats:\/\/one:4222 is closed for good: .* does not accept the credentials any more \(AUTHENTICATION_EXPIRED\)\.$/,
    );
    t.true((error as Error).cause instanceof AuthFailedError);
  }
});

test('whatever else ends a connection is the cause of the error', async (t) => {
  const { end, session: made } = fakeSession();
  const reason = new NatsError('socket hung up', 'CONNECTION_REFUSED');
  end(reason);
  t.like(await made.closed, {
    code: 'PERDURE_CLOSED',
    cause: reason,
    message: 'The connection to nats://one:4222 is closed for good: socket hung up',
  });
});

test('a connection that is closed here has no reason', async (t) => {
  const { session: made } = fakeSession();
  await made.close();
  t.is(await made.closed, undefined);
  const error = await thrown(made.whenConnected());
  t.true(error instanceof ClosedError);
  t.is((error as Error).cause, undefined);
});
