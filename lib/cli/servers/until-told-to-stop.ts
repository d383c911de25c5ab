/** Resolves at SIGINT or SIGTERM, and keeps the process alive until then, or until it is disposed of: what it waits for may not. */
export function untilToldToStop(): Promise<void> & Disposable {
  let stop!: () => void;
  const told = new Promise<void>((resolve) => {
    const alive = setInterval(() => {}, 2 ** 30);
    stop = () => {
      clearInterval(alive);
      resolve();
    };
  });
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const end = (): void => {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    stop();
  };
  return Object.assign(told, { [Symbol.dispose]: end });
}
