import fc from 'fast-check';
import { all } from '../contract/harness.js';
import {
  back,
  bodyOf,
  type Kind,
  kind,
  outcome,
  outcomes,
  partition,
  placeOf,
  plain,
  size,
  telling,
  who,
} from './operation.js';
import type { Scene } from './scene.js';

const streamOf = (of: number) => `mail ${of}`;

/** Few, so that copies are frequent; one is none. */
const messageId = fc.oneof(
  { arbitrary: fc.constant(undefined), weight: 3 },
  { arbitrary: fc.constantFrom('a', 'b'), weight: 3 },
  { arbitrary: fc.constantFrom('not an id', ''), weight: 1 },
);

const address = fc.constantFrom('o.a', 'o.b', 'e.counter.a');

interface Sending {
  readonly who: number;
  readonly partition: number;
  readonly address: string;
  readonly messageId?: string | undefined;
  readonly size?: 'small' | 'tooLarge';
  readonly count?: number;
}

async function send(scene: Scene, given: Sending): Promise<unknown> {
  const { partition: of, messageId: id, size: wanted = 'small', count = 1 } = given;
  const ports = scene.connection(given.who).ports(1 - of); // another's: it knows the way
  const subject = scene.names(of).mail(given.address);
  const bodies = Array.from({ length: count }, () => bodyOf(scene, wanted, ports.maxBodyBytes));
  const answers = await outcomes(
    scene,
    bodies.map((body) => () => ports.mailOf(of).send(subject, body, id)),
  );
  for (const answer of answers) if (typeof answer === 'number') scene.saw(streamOf(of), answer);
  return answers;
}

function consume(scene: Scene, by: number, of: number, from: number): void {
  const { name, hear } = scene.hearer('inbox');
  const { mailbox } = scene.connection(by).ports(of);
  const subscription = mailbox.consume(from, async (batch) => batch.forEach((message) => hear(scene.shown(message))), {
    onGap: (first, last) => hear(`gap from ${first} to ${last}`),
    onRegressed: (sequence, expected) => hear(`regressed to ${sequence}, not ${expected}`),
  });
  scene.inboxes.push({ name, subscription });
}

const place = (scene: Scene, given: { partition: number; sequence: number }) =>
  placeOf(scene, streamOf(given.partition), given.sequence);

/** What can be done with mail. */
export const mailboxOperations: readonly Kind[] = [
  kind('mailbox.send', 12, { who, partition, address, messageId, size }, send),

  kind('mailbox.send, several at once', 2, { who, partition, address, count: fc.integer({ min: 2, max: 5 }) }, send),

  // Nobody may begin behind what follows: that is a stream that went back, and another kind of operation.
  telling('mailbox.consume', 4, { who, partition, sequence: fc.integer({ min: 1, max: 14 }) }, async (scene, given) =>
    consume(scene, given.who, given.partition, Math.max(1, place(scene, given))),
  ),

  telling('mailbox.consume, closed', 1, { which: fc.nat(3) }, async (scene, { which }) => {
    const inbox = scene.inboxes[which];
    inbox?.subscription.close();
    return inbox?.name;
  }),

  kind('mailbox.read', 2, { who, partition, sequence: back }, (scene, given) =>
    outcome(
      scene,
      () => all(scene.connection(given.who).ports(given.partition).mailbox.read(place(scene, given))),
      (messages) => messages.map((message) => scene.shown(message)),
    ),
  ),

  kind('mailbox.timeOf', 1, { who, partition, sequence: back }, (scene, given) =>
    outcome(
      scene,
      () => scene.connection(given.who).ports(given.partition).mailbox.timeOf(place(scene, given)),
      (time) => (time === undefined ? 'nothing' : Number.isInteger(time)),
    ),
  ),

  kind('mailbox.bounds', 2, { who, partition }, (scene, given) =>
    outcome(scene, () => scene.connection(given.who).ports(given.partition).mailbox.bounds(), plain),
  ),

  kind('mailbox.purgeBelow', 2, { who, partition, sequence: back }, (scene, given) =>
    outcome(
      scene,
      () => scene.connection(given.who).ports(given.partition).mailbox.purgeBelow(place(scene, given)),
      plain,
    ),
  ),

  kind('mail deleted by an operator', 3, { partition, sequence: fc.integer({ min: 2, max: 5 }) }, (scene, given) =>
    outcome(scene, () => scene.side.deleteMail(given.partition, Math.max(1, place(scene, given))), plain),
  ),

  kind('deadLetters.send', 1, { who, partition, messageId }, (scene, given) => {
    const { deadLetters } = scene.connection(given.who).ports(given.partition);
    const body = bodyOf(scene, 'small', 0);
    return outcome(
      scene,
      () => deadLetters.send(scene.names(given.partition).deadLetters, body, given.messageId),
      plain,
    );
  }),
];

/** In the end something comes to every mailbox: whoever still listens has heard all before it. */
export async function lastMail(scene: Scene): Promise<unknown> {
  const by = scene.isClosed.indexOf(false);
  if (by < 0) return undefined;
  const answers: unknown[] = [];
  for (const of of [0, 1]) answers.push(await send(scene, { who: by, partition: of, address: 'o.last' }));
  return answers;
}
