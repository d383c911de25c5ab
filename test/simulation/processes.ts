/** The names of worker processes, of which each may have several lives. */
export const WORKERS = ['w0', 'w1', 'w2'];

/** The name of a process without the number of its life. */
export function processOf(life: string): string {
  return life.split('.')[0]!;
}
