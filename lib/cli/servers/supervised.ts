/**
 * Loaded before the script of `perdure worker`, in each of its processes: the worker stops, as at a SIGTERM, when the
 * supervisor says so, and when that is gone without a word. Whoever manages the processes of a machine may send SIGTERM to
 * the worker and to its supervisor: what comes within a moment behind the first is the same wish, for at a second one a
 * worker ends at once.
 */
const MOMENT = 1_000;

let toldAt = -Infinity;

process.on('SIGTERM', () => {
  const now = performance.now();
  if (now - toldAt < MOMENT) return;
  toldAt = now;
  if (process.listenerCount('SIGTERM') === 1) process.exit(143); // nobody else listens: as if nobody did
});

const stop = (): void => {
  if (performance.now() - toldAt >= MOMENT) process.kill(process.pid, 'SIGTERM');
};
process.once('disconnect', stop).on('message', stop);
process.channel?.unref(); // the script alone decides how long it runs
if (!process.connected) stop();
