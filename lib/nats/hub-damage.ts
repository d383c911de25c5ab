import { StorageRegressedError } from '../errors.js';

/** What somebody who operates the hub may do. */
const advice = 'Restore it from a backup, or accept the loss ("perdure doctor" tells of what).';

export function streamGone(stream: string, hub: string): StorageRegressedError {
  return new StorageRegressedError(`Stream ${stream} of task hub ${hub} is gone. ${advice}`, stream);
}

export function streamRecreated(
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

export function recordGone(bucket: string, hub: string): StorageRegressedError {
  return new StorageRegressedError(
    `The record of task hub ${hub} is gone from its key-value bucket ${bucket}, and its streams are there: somebody ` +
      'purged or deleted the bucket. Restore it from a backup, or use another task hub.',
  );
}
