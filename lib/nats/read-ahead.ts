/** Runs tasks in order, several at a time, and yields their results in order. */
export async function* readAhead<T>(window: number, tasks: Iterable<() => Promise<T>>): AsyncGenerator<T> {
  const running: Promise<T>[] = [];
  for (const task of tasks) {
    const started = task();
    // A failure is seen when its turn comes; a reader that stopped before does not want it.
    started.catch(() => {});
    running.push(started);
    const oldest = running.length === window ? running.shift() : undefined;
    if (oldest) yield await oldest;
  }
  for (const left of running) yield await left;
}
