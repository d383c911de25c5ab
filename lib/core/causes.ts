/** So many errors are looked at: a chain that leads back to itself ends as well. */
const MOST_ERRORS = 1_000;

/** An error, its causes, and those that it gathers, each once. What cannot be looked at has none. */
export function errorsIn(error: unknown): readonly object[] {
  const found = new Set<object>();
  const waiting: unknown[] = [error];
  for (let next = waiting.pop(); next !== undefined && found.size < MOST_ERRORS; next = waiting.pop()) {
    if (typeof next !== 'object' || next === null || found.has(next)) continue;
    found.add(next);
    waiting.push(...causesOf(next));
  }
  return [...found];
}

function causesOf(error: object): readonly unknown[] {
  try {
    const cause = 'cause' in error ? [error.cause] : [];
    return 'errors' in error && Array.isArray(error.errors) ? [...cause, ...(error.errors as unknown[])] : cause;
  } catch {
    return []; // a getter of the user's throws
  }
}
