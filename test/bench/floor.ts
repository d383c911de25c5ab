/** What JetStream itself does through the same client: the floor that the workloads are measured against. */
import { AckPolicy, connect, type JetStreamClient, type JetStreamManager, type NatsConnection } from 'nats';
import { summary, type Latencies } from './figures.js';
import type { Rig } from './rig.js';

const BODY = new Uint8Array(128).fill(120);
const STREAM = 'FLOOR';
const SUBJECT = 'floor.m';

/** Rates a second, and latencies in milliseconds. */
export interface Floor {
  /** Publish and ack with 200 in flight. */
  readonly publishes: number;
  /** What one of those costs, of the CPU time of server and client, in milliseconds. */
  readonly publishCpu: number;
  /** Publish and ack, one after another. */
  readonly publish: Latencies;
  /** A request to a responder with a connection of its own, one after another. */
  readonly request: Latencies;
  /** Messages that one consumer takes. */
  readonly consumed: number;
}

export async function measureFloor(rig: Rig, count = 40_000): Promise<Floor> {
  const cpu = async (): Promise<number> => {
    const { server, client } = await rig.usage();
    return server.cpu + client.cpu;
  };
  const connection = await connect({ servers: rig.server.url });
  try {
    const manager = await connection.jetstreamManager();
    await manager.streams.add({ name: STREAM, subjects: [SUBJECT] });
    const stream = connection.jetstream();
    await rate(stream, 5_000); // until it is warm
    const before = await cpu();
    const publishes = await rate(stream, count);
    const publishCpu = ((await cpu()) - before) / 1_000 / count;
    const publish = await oneByOne(2_000, () => stream.publish(SUBJECT, BODY));
    const request = await requests(connection, rig.server.url);
    const consumed = await consume(manager, stream, count);
    await manager.streams.delete(STREAM);
    return { publishes, publishCpu, publish, request, consumed };
  } finally {
    await connection.close();
  }
}

async function rate(stream: JetStreamClient, count: number): Promise<number> {
  let next = 0;
  const begun = performance.now();
  const send = async (): Promise<void> => {
    while (next++ < count) await stream.publish(SUBJECT, BODY);
  };
  await Promise.all(Array.from({ length: 200 }, send));
  return (1_000 * count) / (performance.now() - begun);
}

/** How long each takes, one after another. */
export async function oneByOne(count: number, run: (number: number) => Promise<unknown>): Promise<Latencies> {
  const took: number[] = [];
  for (let i = 0; i < count; i++) {
    const begun = performance.now();
    await run(i);
    took.push(performance.now() - begun);
  }
  return summary(took);
}

async function requests(connection: NatsConnection, servers: string): Promise<Latencies> {
  const responder = await connect({ servers });
  responder.subscribe('floor.echo', { callback: (_, message) => message.respond(message.data) });
  await responder.flush();
  const latencies = await oneByOne(2_000, () => connection.request('floor.echo', BODY));
  await responder.close();
  return latencies;
}

async function consume(manager: JetStreamManager, stream: JetStreamClient, count: number): Promise<number> {
  await manager.consumers.add(STREAM, { durable_name: 'reader', ack_policy: AckPolicy.None });
  const consumer = await stream.consumers.get(STREAM, 'reader');
  const begun = performance.now();
  const messages = await consumer.consume({ max_messages: 500 });
  let taken = 0;
  for await (const _ of messages) if (++taken === count) break;
  return (1_000 * taken) / (performance.now() - begun);
}
