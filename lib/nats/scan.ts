import type { StoredMessage } from '../engine/ports.js';
import type { JetStream } from './jetstream.js';
import { readAhead } from './read-ahead.js';

/** So many messages are asked for at a time. */
const READS_AT_A_TIME = 64;

/**
 * The last messages of the subjects of a stream that match a pattern, in no order, from the leader (P11): of each subject
 * the one that it has when its turn comes, if it has one then.
 */
export async function* scan(
  jetStream: JetStream,
  stream: string,
  pattern: string,
  known?: number,
): AsyncIterable<StoredMessage> {
  const reads: (() => Promise<StoredMessage | undefined>)[] = [];
  for await (const subject of jetStream.subjects(stream, pattern, known))
    reads.push(() => jetStream.get(stream, { last_by_subj: subject }));
  for await (const message of readAhead(READS_AT_A_TIME, reads)) if (message) yield message;
}
