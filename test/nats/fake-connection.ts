import type { Msg, NatsConnection, Status } from 'nats';
import { Session } from '../../lib/nats/session.js';
import { recordingLogger } from '../contract/harness.js';

/** What a session publishes, and how the server's answer comes. */
export interface Published {
  readonly subject: string;
  /** Answers it with JSON. */
  readonly reply: (body: object) => void;
}

/** A session over a connection that does what the test says; `lines`: what it logs. */
export function fakeSession(onPublish: (published: Published) => void = () => {}, lines: string[] = []) {
  let end!: (reason: Error | undefined) => void;
  const ended = new Promise<Error | undefined>((resolve) => (end = resolve));
  const statuses: Status[] = [];
  let wake = (): void => {};
  let onReply: ((message: Msg) => void) | undefined;
  const connection: Pick<NatsConnection, 'closed' | 'status' | 'subscribe' | 'publish' | 'isClosed' | 'close'> = {
    closed: () => ended as Promise<void | Error>,
    status: () => ({
      async *[Symbol.asyncIterator]() {
        for (;;) {
          yield* statuses.splice(0);
          await new Promise<void>((resolve) => (wake = resolve));
        }
      },
    }),
    publish: (subject, _body, options) => {
      const reply = (body: object): void => {
        const data = new TextEncoder().encode(JSON.stringify(body));
        onReply?.({ subject: options?.reply ?? '', data } as Msg);
      };
      onPublish({ subject, reply });
    },
    subscribe: (_subject, options) => {
      onReply ??= (message) => options?.callback?.(null, message);
      return { unsubscribe: () => {} } as ReturnType<NatsConnection['subscribe']>;
    },
    isClosed: () => false,
    close: async () => end(undefined),
  };
  const logger = recordingLogger(lines);
  const session = new Session(connection as unknown as NatsConnection, 'nats://one:4222', '_INBOX', logger);
  /** The connection tells of something. */
  const tell = (status: object): void => {
    statuses.push(status as Status);
    wake();
  };
  return { session, end, tell };
}
