import type { StoredMessage } from '../engine/ports.js';
import type { JetStream } from './jetstream.js';
import { readAhead } from './read-ahead.js';

/** A scan looks at ranges of about so many messages, and at so many ranges at a time. */
const RANGE_MESSAGES = 64;
const RANGES_AT_A_TIME = 16;

/**
 * The messages of a stream whose subjects match a pattern, in order, from the leader (P11). One that is rewritten during
 * the scan comes at its new sequence, perhaps also at its former one before.
 */
export async function* scan(jetStream: JetStream, stream: string, pattern: string): AsyncIterable<StoredMessage> {
  const { state } = await jetStream.info(stream);
  const size = Math.ceil((state.last_seq - state.first_seq + 1) / Math.ceil(state.messages / RANGE_MESSAGES || 1));
  const range = (from: number, to: number) => scanRange(jetStream, stream, pattern, from, to);
  const ranges = rangesOf(state.first_seq, state.last_seq, size, (from, to) => () => range(from, to));
  for await (const found of readAhead(RANGES_AT_A_TIME, ranges)) yield* found;
  yield* await range(state.last_seq + 1, Infinity);
}

async function scanRange(
  jetStream: JetStream,
  stream: string,
  pattern: string,
  from: number,
  to: number,
): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  for (let next = from; next <= to;) {
    const message = await jetStream.get(stream, { seq: next, next_by_subj: pattern });
    if (!message || message.sequence > to) break;
    found.push(message);
    next = message.sequence + 1;
  }
  return found;
}

function* rangesOf<T>(first: number, last: number, size: number, make: (from: number, to: number) => T): Generator<T> {
  for (let from = first; from <= last; from += size) yield make(from, Math.min(from + size - 1, last));
}
