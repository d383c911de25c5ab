/**
 * Which of two versions is older: negative when `a` is, positive when `b` is, 0 when they are the same. Parts between dots
 * are compared one by one, as numbers where both are, else as texts; missing parts count as 0. No version at all is older
 * than any.
 */
export function compareVersions(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  const [left, right] = [a.split('.'), b.split('.')];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const order = compareParts(left[at] ?? '0', right[at] ?? '0');
    if (order !== 0) return order;
  }
  return 0;
}

function compareParts(a: string, b: string): number {
  if (!isNumber(a) || !isNumber(b)) return compareTexts(a, b);
  const [left, right] = [withoutZeros(a), withoutZeros(b)];
  return left.length - right.length || compareTexts(left, right); // of any length: not as doubles
}

/** By code units: the same in every locale. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function isNumber(part: string): boolean {
  return /^[0-9]+$/.test(part);
}

function withoutZeros(digits: string): string {
  return digits.replace(/^0+(?=[0-9])/, '');
}
