import type { Bus, Subscription } from '../engine/ports.js';
import type { MemoryConnection } from './connection.js';
import { subjectMatcher } from './subject-pattern.js';

/** Who listens to core messages. */
export class MemoryTopics {
  readonly listeners = new Set<Listener>();
}

interface Listener {
  readonly connection: MemoryConnection;
  readonly matches: (subject: string) => boolean;
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
      const listeners = this.#listenersTo(subject);
      for (const { deliver } of listeners) deliver(sent, reply);
      if (listeners.length === 0 && reply !== undefined) this.#tellOfNobody(reply);
    });
  }

  /** The server's word that nobody listens, to one who waits for the reply on the connection that asked. */
  #tellOfNobody(reply: string): void {
    const asker = this.#listenersTo(reply).find(({ connection }) => connection === this.#connection);
    asker?.deliver(new Uint8Array(), undefined);
  }

  #listenersTo(subject: string): Listener[] {
    const found: Listener[] = [];
    for (const listener of this.#connection.hub.topics.listeners) {
      const { connection } = listener;
      if (connection.isOpen && !connection.isDeaf && listener.matches(subject)) found.push(listener);
    }
    return found;
  }

  subscribe(subject: string, onMessage: (body: Uint8Array, reply: string | undefined) => void): Subscription {
    this.#connection.refuseClosed();
    const { listeners } = this.#connection.hub.topics;
    const listener: Listener = {
      connection: this.#connection,
      matches: subjectMatcher(subject),
      deliver: (body, reply) =>
        this.#connection.deliver(() => {
          if (listeners.has(listener)) onMessage(body, reply);
        }),
    };
    listeners.add(listener);
    return { close: () => void listeners.delete(listener) };
  }
}
