/**
 * Resolves at SIGINT or SIGTERM, and keeps the process alive until then: what it waits for may not. It ends with the signal, too, for
 * whoever fails before.
 */
export function untilToldToStop(over?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const alive = setInterval(() => {}, 2 ** 30);
    const stop = () => {
      clearInterval(alive);
      resolve();
    };
    process.once('SIGINT', stop).once('SIGTERM', stop);
    over?.addEventListener('abort', stop);
  });
}
