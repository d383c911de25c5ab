import type { NatsHub } from './hub.js';
import { floorVersion, testedVersion } from './server/versions.js';

/** The server of a task hub, as whoever looks after it wants to know it. */
export interface ServerReport {
  /** Its address, without secrets. */
  readonly url: string;
  readonly version: string;
  /** The oldest version that works, and that which Perdure is tested with. */
  readonly floorVersion: string;
  readonly testedVersion: string;
  /** Whether every message is on the disk before it is acknowledged; undefined: its monitoring could not be asked. */
  readonly syncsAlways: boolean | undefined;
  /** How far its clock is ahead of that of this machine, in milliseconds; negative: behind. */
  readonly clockAhead: number;
  /** What this connection may do with the hub's streams, beside reading them. */
  readonly permissions: ServerPermissions;
}

/** Undefined: the server did not say. */
export interface ServerPermissions {
  /** Remove what is stored, as workers do. */
  readonly remove: boolean | undefined;
  /** Make consumers, with which lists are quicker. */
  readonly consume: boolean | undefined;
  /** Change and delete streams, as an admin does. */
  readonly manage: boolean | undefined;
}

/** The server answers it with an error, if it may be asked at all: nothing changes. */
const NO_REQUEST = new TextEncoder().encode('no request');

/** How long the monitoring has to answer, in milliseconds. */
const PATIENCE = 2_000;

/** Looks at the server of a hub; `monitorUrl`: where its monitoring is, if that is known. Rejects with ClosedError. */
export async function serverReport(hub: NatsHub, monitorUrl: string | undefined): Promise<ServerReport> {
  const { session, jetStream, subjects } = hub;
  const [log, state] = (['log', 'state'] as const).map((kind) => subjects.partition(0).streamName(kind));
  const mayAsk = (request: string): Promise<boolean | undefined> => session.isAllowed(`$JS.API.${request}`, NO_REQUEST);
  await jetStream.ask(`STREAM.INFO.${log}`); // whatever it answers: that has the server's time
  const clockAhead = Math.round(session.clock.now() - Date.now());
  const permissions = {
    remove: await mayAsk(`STREAM.MSG.DELETE.${log}`),
    consume: await jetStream.mayCreateConsumers(state!),
    manage: await mayAsk(`STREAM.UPDATE.${log}`),
  };
  return {
    url: session.where,
    version: session.serverVersion,
    floorVersion,
    testedVersion,
    syncsAlways: monitorUrl === undefined ? undefined : await syncsAlways(monitorUrl),
    clockAhead,
    permissions,
  };
}

async function syncsAlways(monitorUrl: string): Promise<boolean | undefined> {
  try {
    const answer = await fetch(new URL('/jsz', monitorUrl), { signal: AbortSignal.timeout(PATIENCE) });
    const { config } = (await answer.json()) as { readonly config?: { readonly sync_always?: boolean } };
    return config && config.sync_always === true;
  } catch {
    return undefined; // it is not there, or something else
  }
}
