/** Tells which subjects match a pattern as NATS has them: `*` is one token, `>` the rest (at least one). */
export function subjectMatcher(pattern: string): (subject: string) => boolean {
  const wildcard = pattern.search(/[*>]/);
  if (wildcard < 0) return (subject) => subject === pattern;
  const wanted = pattern.split('.');
  const literal = pattern.slice(0, Math.max(0, wildcard - 1)); // without the dot before the wildcard
  return (subject) => subject.startsWith(literal) && matches(wanted, subject.split('.'));
}

function matches(wanted: readonly string[], tokens: readonly string[]): boolean {
  for (const [index, token] of wanted.entries()) {
    if (token === '>') return index < tokens.length;
    if (index >= tokens.length || (token !== '*' && token !== tokens[index])) return false;
  }
  return wanted.length === tokens.length;
}
