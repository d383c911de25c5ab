const identifier = /^[A-Za-z_$][\w$]*$/;

/** The path of a field or element: `$.lines`, `$.lines[2]`, `$["odd key"]`. Long keys are cut: they are foreign text. */
export function pathTo(parent: string, key: string | number): string {
  if (typeof key === 'number') return `${parent}[${key}]`;
  const shown = key.length > 64 ? `${key.slice(0, 63)}…` : key;
  return identifier.test(shown) ? `${parent}.${shown}` : `${parent}[${JSON.stringify(shown)}]`;
}
