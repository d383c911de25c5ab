/** The oldest nats-server that Perdure works with: older ones silently ignore what it asks of streams. */
export const floorVersion = '2.12.0';

/** The nats-server that Perdure is tested with, and that it fetches. */
export const testedVersion = '2.15.1';

/** Whether version `a` is `b` or newer; a pre-release counts as its release. */
export function isAtLeast(a: string, b: string): boolean {
  return compareVersions(a, b) >= 0;
}

/** Orders versions from old to new. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersIn(a), numbersIn(b)];
  for (const at of [0, 1, 2]) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersIn(version: string): number[] {
  return version.split('.', 3).map((part) => parseInt(part, 10));
}
