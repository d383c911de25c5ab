import { StorageRegressedError } from '../errors.js';
import type { HubRecord } from '../wire/hub-record.js';
import type { StreamInfo } from './jetstream.js';
import { isPurged } from './stream-marks.js';

/** What seems to be lost is looked at so often, with a pause between in milliseconds: for a second in all. */
const LOOKS = 11;
const PAUSE = 100;

/** What is seen once it is what it should be, or in the end: a server of a cluster, or its new leader, may not know of it yet. */
export async function seenForGood<T>(look: () => Promise<T>, isIt: (seen: T) => boolean): Promise<T> {
  for (let looks = 1; ; looks++) {
    const seen = await look();
    if (isIt(seen) || looks === LOOKS) return seen;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

/** What somebody who operates the hub may do. */
const advice = 'Restore it from a backup, or accept the loss ("perdure doctor" tells of what).';

/** What has happened to a stream of a hub since the hub's record was stored; undefined: nothing. */
export function damageTo(
  stream: string,
  hub: string,
  { streams, marks }: Pick<HubRecord, 'streams' | 'marks'>,
  found: StreamInfo | undefined,
): StorageRegressedError | undefined {
  const created = streams?.[stream];
  if (!found) return streamGone(stream, hub);
  if (found.created !== created) return streamRecreated(stream, hub, created, found.created);
  return isPurged(found, marks?.[stream]) ? streamPurged(stream, hub) : undefined;
}

function streamGone(stream: string, hub: string): StorageRegressedError {
  return new StorageRegressedError(`Stream ${stream} of task hub ${hub} is gone. ${advice}`, stream);
}

function streamRecreated(
  stream: string,
  hub: string,
  created: string | undefined,
  found: string,
): StorageRegressedError {
  return new StorageRegressedError(
    `Stream ${stream} was deleted and created again at ${found}: what task hub ${hub} had in it since ${created} is lost. ` +
      advice,
    stream,
  );
}

function streamPurged(stream: string, hub: string): StorageRegressedError {
  return new StorageRegressedError(
    `Stream ${stream} was purged: what task hub ${hub} had in it is lost. ${advice}`,
    stream,
  );
}

export function recordGone(bucket: string, hub: string): StorageRegressedError {
  return new StorageRegressedError(
    `The record of task hub ${hub} is gone from its key-value bucket ${bucket}, and its streams are there: somebody ` +
      'purged or deleted the bucket. Restore it from a backup, or use another task hub.',
  );
}
