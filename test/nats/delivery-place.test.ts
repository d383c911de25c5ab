import test from 'ava';
import { placeOf } from '../../lib/nats/delivery-place.js';

const place = { deliveries: 1, sequence: 123_456_789_012, delivery: 7, time: 1_795_786_389_123, pending: 0 };

test('the reply subject of a delivery says which it is, with and without a domain', (t) => {
  const numbers = '1.123456789012.7.1795786389123456789.0';
  t.deepEqual(placeOf(`$JS.ACK.PD-bank-0-mail.x9Yz-_.${numbers}`), place);
  t.deepEqual(placeOf(`$JS.ACK.hub.ABCDEF.PD-bank-0-mail.x9Yz-_.${numbers}.k3y`), place);
  t.deepEqual(placeOf('$JS.ACK.s.c.2.3.4.5000000.61'), {
    deliveries: 2,
    sequence: 3,
    delivery: 4,
    time: 5,
    pending: 61,
  });
});

test('what is no such subject is no delivery', (t) => {
  for (const reply of ['', '$JS.API.INFO', '_INBOX.a.b', 'x$JS.ACK.s.c.1.1.1.1.1']) t.is(placeOf(reply), undefined);
});
