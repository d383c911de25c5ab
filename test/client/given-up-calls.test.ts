import test from 'ava';
import { MailChannel } from '../../lib/client/mail-channel.js';
import type { Outgoing } from '../../lib/client/outgoing.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { entityAddress } from '../../lib/wire/addresses.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { recordingLogger, text } from '../engine/surroundings.js';
import { usedHeapBytes } from '../used-heap.js';

const { sessions: subject, envelopes } = partitionSubjects('test', 0);
const address = entityAddress({ name: 'counter', key: 'k' });
const KiB = 1_024;

/** A client's channel to a partition whose server is away until it is `back`. */
function channelToNobody() {
  const world = new MemoryWorld();
  const { clock, logger } = memoryHubPorts(world.createHub('test', 1).connect('client'), recordingLogger());
  const stored: Uint8Array[] = [];
  let isAway = true;
  const channel = new MailChannel({
    mail: {
      send: async (_, body) => {
        if (isAway) return undefined;
        await new Promise<void>((resolve) => void clock.after(10, resolve));
        return stored.push(body);
      },
    },
    clock,
    logger,
    subject,
    envelopes,
    envelopeBytes: 512 * KiB,
    token: 'client-0',
    listen: () => () => {},
    confirm: async () => {},
  });
  /** A call with an input of so many bytes. */
  const call = (name: string, bytes = 0): Outgoing => {
    const letter = `{"v":1,"kind":"operation","name":"${name}","input":"${Buffer.alloc(bytes, 'x').toString()}"}`;
    const onOutcome = (): void => {};
    return channel.send({ address, subject: 'pd.test.0.m', text: letter, bytes: letter.length, onOutcome });
  };
  return { channel, call, stored, advance: (ms: number) => world.scheduler.advance(ms), back: () => (isAway = false) };
}

const namesIn = (bodies: readonly Uint8Array[]): readonly string[] =>
  bodies.flatMap((body) => Array.from(text.decode(body).matchAll(/"name":"(\S+?)"/g), ([, name]) => name!));

test('calls that nobody waits for any more are not kept while their server is away, and those before and behind are sent in order', async (t) => {
  const { channel, call, stored, advance, back } = channelToNobody();
  call('first');
  await advance(1_000);
  const before = usedHeapBytes();
  for (let round = 0; round < 20; round++) {
    const given = Array.from({ length: 1_000 }, () => call('late', 4 * KiB));
    call(`kept-${round}`);
    await advance(1_000);
    for (const message of given) channel.settle(message);
  }
  // Of 80 MiB the last rounds may be there.
  t.true(usedHeapBytes() - before < 20 * KiB * KiB, `${usedHeapBytes() - before}`);
  back();
  await advance(10_000);
  t.deepEqual(namesIn(stored), ['first', ...Array.from({ length: 20 }, (_, round) => `kept-${round}`)]);
  channel.close(new Error('the end'));
});

test('who waits until all is stored that was sent before waits for that behind a call that is given up', async (t) => {
  const { channel, call, stored, advance, back } = channelToNobody();
  for (const name of ['first', 'second']) call(name, 400 * KiB); // in an envelope each
  const late = Array.from({ length: 3_000 }, () => call('late'));
  let storedByThen: readonly string[] | undefined;
  const whenStored = channel.whenStored().then(() => (storedByThen = namesIn(stored)));
  for (const message of late.toReversed()) channel.settle(message);
  call('behind');
  await advance(1_000);
  t.is(storedByThen, undefined);
  back();
  await advance(10_000);
  await whenStored;
  t.deepEqual(storedByThen, ['first', 'second']);
  t.deepEqual(namesIn(stored), ['first', 'second', 'behind']);
  channel.close(new Error('the end'));
});
