import { StorageRegressedError } from '../errors.js';

/** What somebody who operates the hub may do. */
const advice = 'Restore it from a backup, or accept the loss ("perdure doctor" tells of what).';

/** A stream that begins behind what is needed of it was purged; one that ends before what is known has gone back. */
export function refuseMissing(
  stream: string,
  { first, last }: { readonly first: number; readonly last: number },
  needed: number,
  known: number,
): void {
  if (last < known)
    throw new StorageRegressedError(
      `Stream ${stream} ends at ${last}, but message ${known} was acknowledged: the stream lost acknowledged messages. ` +
        advice,
    );
  if (first > needed)
    throw new StorageRegressedError(
      `Stream ${stream} begins at ${first}, but message ${needed} is still needed: somebody purged it. ${advice}`,
    );
}

export function checkpointGone(stream: string, checkpoint: string): StorageRegressedError {
  return new StorageRegressedError(
    `Stream ${stream} does not hold the checkpoint ${checkpoint} any more: somebody purged it. ${advice}`,
  );
}
