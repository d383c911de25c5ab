import { setTimeout as delay } from 'node:timers/promises';
import { connectSession } from '../../lib/nats/connect.js';
import { openHub, type NatsHub } from '../../lib/nats/hub.js';
import { natsHubPorts } from '../../lib/nats/hub-ports.js';
import { natsPartitionPorts } from '../../lib/nats/partition.js';
import type { Session } from '../../lib/nats/session.js';
import { recordingLogger } from '../contract/harness.js';
import type { Connection, Side } from './side.js';
import { removeMessage } from '../nats/remove-message.js';

/** What has not arrived by then, in milliseconds, does not come: a consumer that fell silent is replaced before. */
const PATIENCE = 6_000;

let hubs = 0;

/** A call that was tried again and again, and never answered. */
class NoAnswer extends Error {
  readonly code = 'no answer';
}

/** A fresh task hub on a nats-server. What takes longer than the limit, in milliseconds, can not be compared. */
export async function openOnServer(url: string, limit: number): Promise<Side> {
  const name = `conformance-${hubs++}`;
  let unknown = 0;
  const sessions: Session[] = [];
  const open = async (): Promise<NatsHub> => {
    const session = await connectSession({ servers: url, logger: recordingLogger() });
    sessions.push(session);
    return openHub(session, { name, partitions: 2 });
  };
  const own = await open();
  const hubsOpened = [await open(), await open()];
  for (const { session } of hubsOpened) watchUnknown(session, () => void unknown++);
  const baseRevision = (await own.store.get('hub'))?.revision ?? 0;
  const began = performance.now();
  return {
    hub: name,
    connections: hubsOpened.map(connectionOf),
    baseRevision,
    settle: answered,
    pass: (milliseconds) => delay(milliseconds),
    reached: () => roundTrips(hubsOpened),
    quiet: arrived,
    deleteMail: (partition, sequence) =>
      removeMessage(own.jetStream, own.subjects.partition(partition).streamName('mail'), sequence),
    isUnclear: () => {
      if (unknown > 0) return `${unknown} requests had no answer in time`;
      const taken = performance.now() - began;
      return taken > limit ? `it took ${Math.round(taken)} ms` : undefined;
    },
    end: async () => {
      await removeStreams(own);
      await Promise.all(sessions.map((session) => session.close()));
    },
  };
}

/** A call that is never answered would hide what comes after it. */
async function answered<T>(promise: Promise<T>): Promise<T> {
  const timer = new AbortController();
  promise.catch(() => {});
  const late = delay(PATIENCE, undefined, { signal: timer.signal }).then(() => {
    throw new NoAnswer();
  });
  late.catch(() => {}); // aborted
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

function connectionOf(hub: NatsHub): Connection {
  const logger = recordingLogger();
  return {
    store: hub.store,
    tasks: natsHubPorts(hub, logger).tasks,
    ports: (partition) => natsPartitionPorts(hub, partition, logger),
    close: () => hub.session.close(),
  };
}

/** Counts requests whose outcome is not known: only a server that is slow has them here. */
function watchUnknown(session: Session, count: () => void): void {
  const { requests } = session;
  const send = requests.send.bind(requests);
  requests.send = async (...request) => {
    const reply = await send(...request);
    if (!reply && !session.isClosed) count();
    return reply;
  };
}

/** Of each connection. */
async function roundTrips(hubs: readonly NatsHub[]): Promise<void> {
  const open = hubs.filter(({ session }) => !session.isClosed);
  await Promise.all(open.map(({ store }) => store.get('hub')));
}

async function arrived(isThere: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!isThere() && performance.now() < deadline) await delay(1);
}

async function removeStreams({ jetStream, streams, subjects }: NatsHub): Promise<void> {
  const names = [...Object.keys(streams), `KV_${subjects.bucket}`, subjects.deadLetters.stream];
  await Promise.all(names.map((name) => jetStream.ask(`STREAM.DELETE.${name}`)));
}
