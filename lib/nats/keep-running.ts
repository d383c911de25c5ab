import type { Logger } from '../engine/ports.js';
import type { EmbeddedServer } from './server/embedded-server.js';
import type { Session } from './session.js';

/** The pauses before a server that cannot be started is tried again, in milliseconds: each twice the one before. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;

/**
 * A lost connection may mean that the process with the server is gone: then this one starts it, perhaps elsewhere. It
 * tries until it is connected again, or closed.
 */
export function keepRunning(
  server: Pick<EmbeddedServer, 'ensureRunning' | 'url' | 'folder'>,
  session: Pick<Session, 'isClosed' | 'listen' | 'redirect'>,
  logger: Logger,
): void {
  let isRestoring = false;
  const restore = async (): Promise<void> => {
    for (let pause = FIRST_PAUSE; !session.isClosed; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        await server.ensureRunning();
        return session.redirect(server.url);
      } catch (error) {
        if (session.isClosed) return;
        const text = `The embedded server does not run; trying again in ${pause} ms: ${String(error)}`;
        logger.error(text, { instance: server.folder });
        await new Promise<void>((resolve) => setTimeout(resolve, pause).unref());
      }
    }
  };
  session.listen({
    onDisconnect: () => {
      if (isRestoring) return;
      isRestoring = true;
      void restore().finally(() => (isRestoring = false));
    },
  });
}
