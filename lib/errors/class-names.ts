const MOST = 9;
const LONGEST = 256;

/** What all errors of this package inherit from, and all failures, say nothing of what happened. */
const unspecific: ReadonlySet<string> = new Set(['Error', 'Object', 'PerdureError', 'FailureError']);

/** The names of an error's class and of those that it inherits from, the nearest first, up to Error. */
export function classNames(error: Error): readonly string[] {
  const names: string[] = [];
  let prototype: unknown = Object.getPrototypeOf(error);
  for (let count = 0; count < MOST && typeof prototype === 'object' && prototype !== null; count++) {
    const name = nameIn(prototype);
    if (name === 'Error' && count > 0) break;
    if (name !== undefined && name.length <= LONGEST && !(count > 0 && unspecific.has(name))) names.push(name);
    prototype = Object.getPrototypeOf(prototype);
  }
  return names;
}

function nameIn(prototype: object): string | undefined {
  if (!Object.hasOwn(prototype, 'constructor')) return undefined;
  const type: unknown = prototype.constructor;
  return typeof type === 'function' && typeof type.name === 'string' && type.name !== '' ? type.name : undefined;
}
