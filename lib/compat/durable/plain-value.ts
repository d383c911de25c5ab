/** A value as it travels in the original: what its JSON says, without what JSON has no form for. */
export function plainValue(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}
