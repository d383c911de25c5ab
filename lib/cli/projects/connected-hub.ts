import { setTimeout as delay } from 'node:timers/promises';

/** The pause between two looks, in milliseconds. */
const PAUSE = 50;

/** Connections of task hubs are called so (`openTaskHub`). */
const NAME = /^perdure ([\w-]+)$/;

interface Connections {
  readonly connections?: readonly { readonly name?: string; readonly start: string }[];
}

/**
 * The task hub that the first program has connected to since a time: as the server's monitoring tells. Undefined when it is not
 * wanted any more.
 */
export async function connectedHub(monitorUrl: string, since: Date, signal: AbortSignal): Promise<string | undefined> {
  while (!signal.aborted) {
    for (const { name, start } of await connectionsAt(monitorUrl)) {
      const hub = NAME.exec(name ?? '')?.[1];
      if (hub !== undefined && new Date(start) >= since) return hub;
    }
    await delay(PAUSE);
  }
  return undefined;
}

async function connectionsAt(monitorUrl: string): Promise<NonNullable<Connections['connections']>> {
  try {
    const answer = await fetch(`${monitorUrl}/connz?limit=1024`);
    return ((await answer.json()) as Connections).connections ?? [];
  } catch {
    return []; // it is started again
  }
}
