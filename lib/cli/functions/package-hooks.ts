/**
 * Runs in the thread of Node.js that finds modules: what an app imports as `durable-functions` and `@azure/functions` is ours,
 * whatever is installed (docs/adr/0066).
 */
let addresses: ReadonlyMap<string, string> = new Map();

type Resolved = { readonly url: string; readonly shortCircuit?: boolean };
type Resolve = (specifier: string, context: unknown) => Promise<Resolved>;

/** Gets the addresses of what is put in the place of packages. */
export function initialize(given: readonly (readonly [specifier: string, url: string])[]): void {
  addresses = new Map(given);
}

export async function resolve(specifier: string, context: unknown, next: Resolve): Promise<Resolved> {
  const url = addresses.get(specifier);
  return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
}
