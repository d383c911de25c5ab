import { encodeText } from '../wire/text-encoding.js';
import { boundsOf, type JetStream, type StreamInfo } from './jetstream.js';

/** For whoever lists an object store: an object that is deleted. */
const MARK = encodeText('{"name":"mark","size":0,"chunks":0,"deleted":true}');
/** So many milliseconds after a refusal, or when what came of it is not known, it is tried again. */
const RETRY = 250;

/**
 * The first message of a stream whose messages come and go, so that their sequences tell nothing: while it is there, nobody has
 * purged the stream. Returns its sequence. Rejects with ClosedError.
 */
export async function markStream(jetStream: JetStream, subject: string): Promise<number> {
  for (;;) {
    const sequence = await jetStream.store(subject, MARK, {});
    if (sequence !== undefined) return sequence;
    await new Promise<void>((resolve) => jetStream.session.clock.after(RETRY, resolve));
  }
}

/** Whether a stream lost what it had up to its mark; one without a mark cannot tell. */
export function isPurged(info: StreamInfo, mark: number | undefined): boolean {
  return mark !== undefined && boundsOf(info).first > mark;
}
