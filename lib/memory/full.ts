import { StorageFullError } from '../errors.js';

/** What a caller is told for whose message a stream has no room. */
export function full(stream: string): StorageFullError {
  return new StorageFullError(stream, 'maximum bytes exceeded');
}
