import test from 'ava';
import { PayloadTooLargeError } from 'perdure';
import { MailChannel } from '../../lib/client/mail-channel.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { decodeEnvelope } from '../../lib/wire/message-codec.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { recordingLogger } from '../engine/surroundings.js';

const { sessions, envelopes } = partitionSubjects('test', 0);
const address = 'e.counter.k';
const mailbox = `pd.test.0.m.${address}`;

/** A piece of mail as a server gets it. */
interface Piece {
  readonly subject: string;
  readonly body: Uint8Array;
}

/** What becomes of a piece of mail; `hold` keeps the answer back until `release` is called. */
type Answer = 'stored' | 'hold' | Error;

/** A client's channel to a partition of a server that answers as it is told. */
function channelTo(answerTo: (piece: Piece) => Answer) {
  const world = new MemoryWorld();
  const { clock, logger } = memoryHubPorts(world.createHub('test', 1).connect('client'), recordingLogger());
  const pieces: Piece[] = [];
  let release = (): void => {};
  const send = async (subject: string, body: Uint8Array): Promise<number> => {
    pieces.push({ subject, body });
    const answer = answerTo({ subject, body });
    if (answer instanceof Error) throw answer;
    if (answer === 'hold') await new Promise<void>((resolve) => (release = resolve));
    return pieces.length;
  };
  const channel = new MailChannel({
    mail: { send },
    clock,
    logger,
    subject: sessions,
    envelopes,
    envelopeBytes: 1_000_000,
    token: 'client-0',
    listen: () => () => {},
    confirm: async () => {},
  });
  /** Sends an operation of this name; resolves when it is stored. */
  const sent = (name: string): Promise<void> => {
    const text = `{"v":1,"kind":"operation","name":"${name}"}`;
    return new Promise((resolve, reject) => {
      const onStored = (error?: unknown): void => (error === undefined ? resolve() : reject(error as Error));
      channel.send({ address, subject: mailbox, text, bytes: text.length, onStored });
    });
  };
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise);
  return { pieces, sent, settle, advance: () => world.scheduler.advance(10), release: () => release() };
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
  const { pieces, sent, settle, advance, release } = channelTo(({ subject }) =>
    subject === mailbox ? 'hold' : 'stored',
  );
  const first = sent('first');
  await advance();
  t.deepEqual(
    pieces.map(({ subject }) => subject),
    [sessions, mailbox],
  );
  const others: Promise<void>[] = [];
  for (const name of names(0, 5)) {
    others.push(sent(name));
    await advance(); // each in a turn of its own
  }
  t.is(pieces.length, 2, 'one piece at a time');
  release();
  await settle(Promise.all([first, ...others]));
  t.is(pieces.length, 3);
  t.deepEqual(namesIn(pieces[2]!), names(0, 5));
});

test('a piece of mail has a thousand messages at most', async (t) => {
  const { pieces, sent, settle } = channelTo(() => 'stored');
  await settle(Promise.all(names(0, 2_300).map(sent)));
  const mail = pieces.slice(1).map(namesIn);
  t.deepEqual(
    mail.map(({ length }) => length),
    [1_000, 1_000, 300],
  );
  t.deepEqual(mail.flat(), names(0, 2_300));
});

test('of messages that are too large together, one that is too large alone is refused, and the others are stored', async (t) => {
  const tooLarge = (piece: Piece): boolean => piece.subject === envelopes || namesIn(piece)[0] === 'n1';
  const { pieces, sent, settle } = channelTo((piece) =>
    piece.subject !== sessions && tooLarge(piece) ? new PayloadTooLargeError('It', 2, 1) : 'stored',
  );
  const [n0, n1, n2] = names(0, 3).map(sent);
  await settle(n0!);
  await t.throwsAsync(settle(n1!), { instanceOf: PayloadTooLargeError });
  await settle(n2!);
  t.deepEqual(pieces.slice(1).map(namesIn), [names(0, 3), ['n0'], ['n1'], ['n2']]);
});
