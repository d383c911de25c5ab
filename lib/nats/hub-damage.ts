import { StorageRegressedError } from '../errors.js';

export function streamGone(stream: string, hub: string): StorageRegressedError {
  return new StorageRegressedError(
    `Stream ${stream} of task hub ${hub} is gone. Restore it from a backup, or use another task hub.`,
  );
}

export function streamRecreated(
  stream: string,
  hub: string,
  created: string | undefined,
  found: string,
): StorageRegressedError {
  return new StorageRegressedError(
    `Stream ${stream} was deleted and created again at ${found}: what task hub ${hub} had in it since ${created} is lost. ` +
      'Restore it from a backup, or use another task hub.',
  );
}

export function recordGone(bucket: string, hub: string): StorageRegressedError {
  return new StorageRegressedError(
    `The record of task hub ${hub} is gone from its key-value bucket ${bucket}, and its streams are there: somebody ` +
      'purged or deleted the bucket. Restore it from a backup, or use another task hub.',
  );
}
