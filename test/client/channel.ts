import { MailChannel } from '../../lib/client/mail-channel.js';
import type { Clock } from '../../lib/engine/ports.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { entityAddress } from '../../lib/wire/addresses.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { recordingLogger } from '../engine/surroundings.js';

/** Where the partition of the channel hears of sessions, and takes several messages at once. */
export const { sessions, envelopes } = partitionSubjects('test', 0);

/**
 * A client's channel to a partition, whose envelopes have so many bytes at most; `store` is told what it stores, and may refuse that
 * or take its time.
 */
export function channelTo(
  envelopeBytes: number,
  store: (to: string, body: Uint8Array) => void | Promise<void>,
  clockOf = (clock: Clock): Clock => clock,
) {
  const world = new MemoryWorld();
  const ports = memoryHubPorts(world.createHub('test', 1).connect('client'), recordingLogger());
  const [clock, { logger }] = [clockOf(ports.clock), ports];
  let sequence = 0;
  const channel = new MailChannel({
    mail: {
      send: async (to, body) => {
        await store(to, body);
        return ++sequence;
      },
    },
    clock,
    logger,
    subject: sessions,
    envelopes,
    envelopeBytes,
    token: 'client-0',
    listen: () => () => {},
    confirm: async () => {},
  });
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise);
  const advance = (milliseconds: number): Promise<void> => world.scheduler.advance(milliseconds);
  return { channel, settle, advance };
}

const address = entityAddress({ name: 'counter', key: 'k' });
/** The subject of a message that travels alone. */
export const mailbox = `pd.test.0.m.${address}`;

/** Sends an operation of this name; resolves when it is stored. */
export function sent(channel: MailChannel, name: string): Promise<void> {
  const letter = `{"v":1,"kind":"operation","name":"${name}"}`;
  return new Promise((resolve, reject) => {
    const onStored = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
    channel.send({ address, subject: mailbox, text: letter, bytes: letter.length, onStored });
  });
}
