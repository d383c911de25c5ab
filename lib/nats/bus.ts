import type { Bus, Subscription } from '../engine/ports.js';
import type { Session } from './session.js';

/** Core NATS: a message published while disconnected is dropped; subscriptions survive reconnects. */
export class NatsBus implements Bus {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  publish(subject: string, body: Uint8Array, reply?: string): void {
    this.#session.publish(subject, body, reply);
  }

  subscribe(subject: string, onMessage: (body: Uint8Array, reply: string | undefined) => void): Subscription {
    return this.#session.subscribe(subject, ({ data, reply }) => onMessage(data, reply === '' ? undefined : reply));
  }
}
