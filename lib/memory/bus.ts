import type { Bus, Subscription } from '../engine/ports.js';
import type { MemoryConnection } from './connection.js';
import { matchesSubject } from './subject-pattern.js';

/** Who listens to core messages. */
export class MemoryTopics {
  readonly listeners = new Set<Listener>();
}

interface Listener {
  readonly pattern: string;
  readonly deliver: (body: Uint8Array, reply: string | undefined) => void;
}

/** Core messaging in memory. */
export class MemoryBus implements Bus {
  readonly #connection: MemoryConnection;

  constructor(connection: MemoryConnection) {
    this.#connection = connection;
  }

  publish(subject: string, body: Uint8Array, reply?: string): void {
    const sent = body.slice();
    this.#connection.tell({ partition: -1, port: 'bus', operation: 'publish' }, () => {
      for (const listener of this.#connection.hub.topics.listeners) {
        if (matchesSubject(listener.pattern, subject)) listener.deliver(sent, reply);
      }
    });
  }

  subscribe(subject: string, onMessage: (body: Uint8Array, reply: string | undefined) => void): Subscription {
    const { listeners } = this.#connection.hub.topics;
    const listener: Listener = {
      pattern: subject,
      deliver: (body, reply) =>
        this.#connection.deliver(() => {
          if (listeners.has(listener)) onMessage(body, reply);
        }),
    };
    listeners.add(listener);
    return { close: () => void listeners.delete(listener) };
  }
}
