import type { HubStore } from '../../lib/engine/hub-store.js';
import type { HubPorts } from '../../lib/engine/ports.js';
import { changed } from './changed-ports.js';

/**
 * The hub's ports of a worker on another machine: the others cannot look whether its process runs, so that only its
 * silence tells of its death.
 */
export function farPorts(ports: HubPorts): HubPorts {
  const { store } = ports;
  const far: HubStore = {
    get: (key) => store.get(key),
    list: (prefix) => store.list(prefix),
    put: (key, value, ...more) => store.put(key, key.startsWith('workers.') ? withoutProcess(value) : value, ...more),
    remove: (key, revision) => store.remove(key, revision),
  };
  return changed(ports, { store: far });
}

function withoutProcess(value: Uint8Array): Uint8Array {
  const { process: _, ...record } = JSON.parse(new TextDecoder().decode(value)) as { readonly process?: unknown };
  return new TextEncoder().encode(JSON.stringify(record));
}
