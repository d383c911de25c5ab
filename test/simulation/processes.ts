/** The names of worker processes, of which each may have several lives. */
export const WORKERS = ['w0', 'w1', 'w2'];
