import type { Bus, Subscription } from '../engine/ports.js';
import type { MemoryConnection } from './connection.js';
import { matchesSubject } from './subject-pattern.js';

/** Who listens to core messages. */
export class MemoryTopics {
  readonly listeners = new Set<Listener>();
}

interface Listener {
  readonly connection: MemoryConnection;
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
      if (this.#deliver(subject, sent, reply) > 0 || reply === undefined) return;
      this.#deliver(reply, new Uint8Array(), undefined); // the server's word that nobody listens
    });
  }

  /** To all who listen; how many they are. */
  #deliver(subject: string, body: Uint8Array, reply: string | undefined): number {
    let count = 0;
    for (const listener of this.#connection.hub.topics.listeners) {
      if (!listener.connection.isOpen || !matchesSubject(listener.pattern, subject)) continue;
      listener.deliver(body, reply);
      count++;
    }
    return count;
  }

  subscribe(subject: string, onMessage: (body: Uint8Array, reply: string | undefined) => void): Subscription {
    const { listeners } = this.#connection.hub.topics;
    const listener: Listener = {
      connection: this.#connection,
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
