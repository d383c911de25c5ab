/**
 * Loaded before the script of `perdure worker`, in each of its processes: when the supervisor is gone without a word, the
 * worker stops as it does when it is told to.
 */
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref(); // the script alone decides how long it runs
