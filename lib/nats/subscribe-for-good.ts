import type { Msg, NatsConnection } from 'nats';
import type { Subscription } from '../engine/ports.js';

/** The wait before a subscription is tried again that the server has ended, in milliseconds. */
const AGAIN = 1_000;

/**
 * A subscription that is there whenever it may be. A server whose permissions change ends what is not allowed any more, and
 * so does the client library: neither begins again when it is allowed. The connection tells of the refusal itself.
 */
export function subscribeForGood(
  connection: NatsConnection,
  subject: string,
  onMessage: (message: Msg) => void,
): Subscription {
  let isOpen = true;
  const open = () =>
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (!error) return onMessage(message);
        const again = setTimeout(() => {
          if (isOpen && !connection.isClosed()) subscription = open();
        }, AGAIN);
        again.unref();
      },
    });
  let subscription = open();
  return {
    close: () => {
      isOpen = false;
      subscription.unsubscribe();
    },
  };
}
