import type { HubStore } from '../engine/hub-store.js';
import { decodeKnownNames } from '../wire/answer-codec.js';
import type { KnownNames } from '../wire/queries.js';

/** What has names of its own, as the registry keeps it. */
export interface NamedPrograms {
  readonly entities: ReadonlyMap<string, { readonly operationNames: readonly string[] }>;
  readonly orchestrators: { readonly names: readonly string[] };
  readonly activities: ReadonlyMap<string, unknown>;
}

const KEY = 'names';

/**
 * Adds the names of what a worker hosts to those that the hub knows; resolves when they are stored. Names are never
 * taken away: another worker may host them. Throws CorruptHistoryError when the list is damaged, VersionTooNewError when it
 * is of a newer format, and ClosedError.
 */
export async function publishNames(store: HubStore, hosted: NamedPrograms): Promise<void> {
  for (;;) {
    const entry = await store.get(KEY);
    const known = entry ? decode(entry.value) : { v: 1 as const, entities: {}, orchestrators: [], activities: [] };
    const wanted = encode(withNames(known, hosted));
    if (wanted === encode(known)) return;
    // Refused or unknown: another worker may have been faster. What is stored is looked at again either way.
    await store.put(KEY, new TextEncoder().encode(wanted), entry?.revision ?? 0);
  }
}

function withNames(known: KnownNames, { entities, orchestrators, activities }: NamedPrograms): KnownNames {
  const operations = new Map(Object.entries(known.entities));
  for (const [name, { operationNames }] of entities)
    operations.set(name, union(operations.get(name) ?? [], operationNames));
  return {
    v: 1,
    entities: Object.fromEntries(operations),
    orchestrators: union(known.orchestrators, orchestrators.names),
    activities: union(known.activities, activities.keys()),
  };
}

function union(known: readonly string[], added: Iterable<string>): readonly string[] {
  return [...new Set([...known, ...added])];
}

function encode(names: KnownNames): string {
  return JSON.stringify(names);
}

function decode(body: Uint8Array): KnownNames {
  return decodeKnownNames(body, `The list of names that the task hub knows (key "${KEY}" of its bucket)`);
}
