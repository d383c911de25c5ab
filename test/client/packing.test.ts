import test from 'ava';
import { PayloadTooLargeError } from 'perdure';
import { decodeEnvelope } from '../../lib/wire/message-codec.js';
import { channelTo, envelopes, mailbox, sent, sessions } from './channel.js';

/** A piece of mail as a server gets it. */
interface Piece {
  readonly subject: string;
  readonly body: Uint8Array;
}

/** A channel, and what it has sent; `store` may refuse that or take its time. */
function channelWith(store: (piece: Piece) => void | Promise<void>) {
  const pieces: Piece[] = [];
  const { channel, ...world } = channelTo(1_000_000, (subject, body) => {
    pieces.push({ subject, body });
    return store({ subject, body });
  });
  return { pieces, send: (name: string) => sent(channel, name), ...world };
}

/** The names of the operations in a piece of mail. */
function namesIn({ subject, body }: Piece): readonly string[] {
  if (subject !== envelopes) return [(JSON.parse(Buffer.from(body).toString()) as { name: string }).name];
  const decoded = decodeEnvelope(body);
  if ('refused' in decoded || !('messages' in decoded.value)) throw new Error('This is no envelope of a client');
  return decoded.value.messages.map(([, message]) => ('name' in message ? message.name : ''));
}

const names = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => `n${from + i}`);

test('what is sent while a piece of mail is on its way travels together behind it, in its order', async (t) => {
  let release!: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  const { pieces, send, settle, advance } = channelWith(({ subject }) => (subject === mailbox ? released : undefined));
  const first = send('first');
  await advance(10);
  t.deepEqual(
    pieces.map(({ subject }) => subject),
    [sessions, mailbox],
  );
  const others: Promise<void>[] = [];
  for (const name of names(0, 5)) {
    others.push(send(name));
    await advance(10); // each in a turn of its own
  }
  t.is(pieces.length, 2, 'one piece at a time');
  release();
  await settle(Promise.all([first, ...others]));
  t.is(pieces.length, 3);
  t.deepEqual(namesIn(pieces[2]!), names(0, 5));
});

test('a piece of mail has a thousand messages at most', async (t) => {
  const { pieces, send, settle } = channelWith(() => {});
  await settle(Promise.all(names(0, 2_300).map(send)));
  const mail = pieces.slice(1).map(namesIn);
  t.deepEqual(
    mail.map(({ length }) => length),
    [1_000, 1_000, 300],
  );
  t.deepEqual(mail.flat(), names(0, 2_300));
});

test('of messages that are too large together, one that is too large alone is refused, and the others are stored', async (t) => {
  const tooLarge = (piece: Piece): boolean => piece.subject === envelopes || namesIn(piece)[0] === 'n1';
  const { pieces, send, settle } = channelWith((piece) => {
    if (piece.subject !== sessions && tooLarge(piece)) throw new PayloadTooLargeError('It', 2, 1);
  });
  const [n0, n1, n2] = names(0, 3).map(send);
  await settle(n0!);
  await t.throwsAsync(settle(n1!), { instanceOf: PayloadTooLargeError });
  await settle(n2!);
  t.deepEqual(pieces.slice(1).map(namesIn), [names(0, 3), ['n0'], ['n1'], ['n2']]);
});
