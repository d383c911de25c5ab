const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Runs something at the first SIGINT or SIGTERM; the result ends the listening. A second signal ends the process as if
 * nobody listened, so that Ctrl-C twice always helps.
 */
export function onSignal(run: () => void): () => void {
  const end = (): void => {
    for (const signal of SIGNALS) process.off(signal, onFirst);
  };
  const onFirst = (): void => {
    end();
    run();
  };
  for (const signal of SIGNALS) process.on(signal, onFirst);
  return end;
}
