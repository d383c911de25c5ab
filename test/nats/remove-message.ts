import type { JetStream } from '../../lib/nats/jetstream.js';

/** The server's codes for a message that is not there. */
const ABSENT = [10037, 10043, 10057];

/** What somebody does to a stream from outside: one of its messages is removed, if it is there. */
export async function removeMessage(jetStream: JetStream, stream: string, sequence: number): Promise<void> {
  await jetStream.demand(`STREAM.MSG.DELETE.${stream}`, { seq: sequence, no_erase: true }, ABSENT);
}
