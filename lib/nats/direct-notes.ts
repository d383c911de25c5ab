import type { Note } from '../engine/ports.js';
import { NOTE_HEADER, type JetStream } from './jetstream.js';
import { platformRandom } from './random.js';
import type { ReceivedMessage } from './session.js';

/** So many messages are asked for at a time, and as many of them as have so many bytes. */
const BATCH = 1_000;
const BATCH_BYTES = 8 * 1024 * 1024;

/** Longer silence than this, in milliseconds, means that the answer is lost. */
const SILENCE = 1_500;

/** The wait before it is asked again for what the server could not answer, in milliseconds. */
const PAUSE = 100;

/**
 * The same as `notes`, from direct reads, which need no right but to ask: the bodies travel, too. An answer that is lost is
 * asked for again behind the last message seen.
 */
export async function* directNotes(
  jetStream: JetStream,
  stream: string,
  pattern: string,
  from: number,
): AsyncIterable<readonly Note[]> {
  for (let next = from; ;) {
    await jetStream.session.whenConnected();
    const { notes, isWhole, isAtEnd } = await read(jetStream, stream, { seq: next, next_by_subj: pattern });
    if (notes.length > 0) yield notes;
    next = (notes.at(-1)?.sequence ?? next - 1) + 1;
    if (isWhole && isAtEnd) return;
    if (!isWhole) await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

interface Batch {
  readonly notes: readonly Note[];
  /** Whether the server has said that this was all of it. */
  readonly isWhole: boolean;
  /** Whether nothing follows. */
  readonly isAtEnd: boolean;
}

/** Rejects with ClosedError. */
async function read(jetStream: JetStream, stream: string, query: object): Promise<Batch> {
  const { session } = jetStream;
  const inbox = `${session.inboxPrefix}.${platformRandom.id()}`;
  const notes: Note[] = [];
  let pending = 0;
  return new Promise((resolve) => {
    const end = (isWhole: boolean, isAtEnd: boolean): void => {
      clearTimeout(silence);
      subscription.close();
      resolve({ notes, isWhole, isAtEnd });
    };
    const silence = setTimeout(() => end(false, false), SILENCE);
    const subscription = session.subscribe(inbox, (message) => {
      silence.refresh();
      const code = message.headers?.code ?? 0;
      if (code === 404) return end(true, true);
      if (code >= 200) return end(code === 204, pending === 0);
      const note = noteOf(message);
      pending = Number(message.headers?.get('Nats-Num-Pending') ?? 0);
      if (note.sequence > (notes.at(-1)?.sequence ?? 0)) notes.push(note);
    });
    const request = new TextEncoder().encode(JSON.stringify({ ...query, batch: BATCH, max_bytes: BATCH_BYTES }));
    session.publish(`$JS.API.DIRECT.GET.${stream}`, request, inbox);
  });
}

function noteOf({ headers }: ReceivedMessage): Note {
  const [note, subject, sequence] = [NOTE_HEADER, 'Nats-Subject', 'Nats-Sequence'].map((name) => headers?.get(name));
  return { sequence: Number(sequence), subject: subject ?? '', note: note === '' ? undefined : note };
}
