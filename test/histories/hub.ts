import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { connectSession } from '../../lib/nats/connect.js';
import { openHub } from '../../lib/nats/hub.js';
import { boundsOf, JetStream, type StreamInfo } from '../../lib/nats/jetstream.js';
import type { Session } from '../../lib/nats/session.js';
import { subjectsOf } from '../../lib/wire/subjects.js';
import { recordingLogger } from '../contract/harness.js';
import { startTestServer } from '../servers.js';
import { hosted } from './programs.js';
import { withoutStacks } from './recorded-history.js';
import { removeMessage } from '../nats/remove-message.js';

/** A message of a stream, as text. */
export interface StoredLine {
  readonly stream: string;
  readonly sequence: number;
  readonly subject: string;
  readonly headers?: string;
  /** In base64. */
  readonly data: string;
}

/** The first line of a stream: its messages are between these sequences, and the server's next one follows the last. */
export interface StreamLine {
  readonly stream: string;
  readonly first: number;
  readonly last: number;
}

export type Line = StreamLine | StoredLine;

export const hubName = 'recorded';
const partitions = 2;

/** Which hub, with values that are stored by reference from a small size on. */
export const options = { name: hubName, maxInlineValueBytes: 1_024 };

/** The streams of a hub, and the subject of each on which there may be a message that means nothing. */
function streamsOf(hub: string): readonly { readonly name: string; readonly filler: string }[] {
  const names = subjectsOf(hub);
  const { objects, bucket, deadLetters } = names;
  const ofPartitions = Array.from({ length: partitions }, (_, p) => names.partition(p)).flatMap((subjects) => [
    { name: subjects.streamName('mail'), filler: subjects.mail('o.filler') },
    { name: subjects.streamName('log'), filler: subjects.log },
    { name: subjects.streamName('state'), filler: subjects.head('o.filler') },
  ]);
  return [
    ...ofPartitions,
    { name: `OBJ_${objects}`, filler: `$O.${objects}.C.filler` },
    { name: `KV_${bucket}`, filler: `$KV.${bucket}.filler` },
    { name: deadLetters.stream, filler: `pd.${hub}.dead.0` },
  ];
}

/** Lets a worker of this build do something of everything, and gives its hub as lines. */
export async function recordHub(state: 'stopped' | 'running'): Promise<string> {
  const server = await startTestServer();
  const hub = await connectTaskHub({ ...options, partitions, servers: server.url });
  const worker = await TaskHubWorker.start(hub, hosted());
  const client = new TaskHubClient(hub);
  const session = await connectSession({ servers: server.url, logger: recordingLogger() });
  await client.callEntity('stock', 'nails', 'put', 10);
  await client.signalEntity('stock', 'screws', 'put', 7);
  const hello = await client.startNew('hello', undefined, { instanceId: 'hello' });
  const failing = await client.startNew('failing', undefined, { instanceId: 'failing' });
  const waiting = ['w1', 'w2', 'w3'];
  for (const instanceId of waiting) await client.startNew('waiting', instanceId, { instanceId });
  await client.startNew('rounds', 1, { instanceId: 'rounds' });
  await client.raiseEvent('rounds', 'Next', 1);
  await client.startNew('waiting', 'x'.repeat(2_000), { instanceId: 'large' });
  await Promise.allSettled([hello.result(), failing.result()]);
  await new Promise((resolve) => setTimeout(resolve, 1_500)); // heads and a checkpoint are stored
  await client.raiseEvent('rounds', 'Next', 2);
  await client.callEntity('stock', 'nails', 'take', 4); // and something that only the log has
  if (state === 'stopped') await worker.stop();
  const lines = await linesOf(session);
  await client.close();
  await worker.stop();
  await hub.close();
  await session.close();
  await server.stop();
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
}

/** What is stored, from what is derived to what it is derived from: what is read first is not ahead of the rest. */
async function linesOf(session: Session): Promise<readonly Line[]> {
  const jetStream = new JetStream(session);
  const lines: Line[] = [];
  const derivedFirst = streamsOf(hubName).toSorted((a, b) => rank(a.name) - rank(b.name));
  for (const { name: stream } of derivedFirst) {
    const { first, last } = boundsOf(await jetStream.info(stream));
    lines.push({ stream, first, last });
    for (let sequence = first; sequence <= last; sequence++) {
      const found = await jetStream.demand<{ message: RawMessage }>(
        `STREAM.MSG.GET.${stream}`,
        { seq: sequence },
        [10037],
      );
      if (!found) continue;
      const { subject, hdrs, data = '' } = found.message;
      if (/\.(?:workers|leases)\./.test(subject)) continue; // who lives and who tries says nothing later
      const headers = hdrs === undefined ? undefined : Buffer.from(hdrs, 'base64').toString();
      lines.push({ stream, sequence, subject, ...(headers !== undefined && { headers }), data: portable(data) });
    }
  }
  return lines;
}

/** In base64, as all of it. */
function portable(data: string): string {
  const text = Buffer.from(data, 'base64').toString();
  return text.includes('"stack"') ? Buffer.from(withoutStacks(text)).toString('base64') : data;
}

const rank = (stream: string): number => ['state', 'log', 'mail'].findIndex((kind) => stream.endsWith(`-${kind}`));

interface RawMessage {
  readonly subject: string;
  readonly hdrs?: string;
  readonly data?: string;
}

/** Makes a hub of lines on a server, each message at its sequence; as if it had been there all along. */
export async function loadHub(session: Session, text: string): Promise<void> {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const jetStream = new JetStream(session);
  const hub = await openHub(session, { name: hubName, partitions });
  const streams = { ...hub.streams };
  for (const stream of Object.keys(hub.subjects.marks)) streams[stream] = await madeAnew(jetStream, stream);
  for (const { name, filler } of streamsOf(hubName)) {
    const bounds = lines.find((line): line is StreamLine => line.stream === name && !('subject' in line));
    const stored = lines.filter((line): line is StoredLine => line.stream === name && 'subject' in line);
    if (name.startsWith('KV_')) await loadBucket(jetStream, stored, streams);
    else if (bounds) await loadStream(jetStream, bounds, stored, filler);
  }
}

/** Empty, without the mark that builds before docs/adr/0070 did not store; when it was created. */
async function madeAnew(jetStream: JetStream, stream: string): Promise<string> {
  const { config } = await jetStream.info(stream);
  await jetStream.demand(`STREAM.DELETE.${stream}`);
  return (await jetStream.demand<StreamInfo>(`STREAM.CREATE.${stream}`, config)).created;
}

/** Revisions of a bucket mean nothing later; the hub's record names the streams as they are now. */
async function loadBucket(
  jetStream: JetStream,
  stored: readonly StoredLine[],
  streams: Readonly<Record<string, string>>,
): Promise<void> {
  for (const { subject, data } of stored) {
    const body = Buffer.from(data, 'base64');
    const isRecord = subject.endsWith('.hub');
    const record = isRecord && (JSON.parse(body.toString()) as object);
    await store(jetStream, subject, record ? Buffer.from(JSON.stringify({ ...record, streams })) : body);
  }
}

async function loadStream(
  jetStream: JetStream,
  { stream, last }: StreamLine,
  stored: readonly StoredLine[],
  filler: string,
): Promise<void> {
  const fillers: number[] = [];
  const bySequence = new Map(stored.map((line) => [line.sequence, line]));
  for (let sequence = 1; sequence <= last; sequence++) {
    const line = bySequence.get(sequence);
    if (!line) fillers.push(sequence);
    const { subject, data, headers } = line ?? { subject: filler, data: '', headers: undefined };
    const at = await store(jetStream, subject, withoutTimes(Buffer.from(data, 'base64')), headers);
    if (at !== sequence) throw new Error(`${stream}: sequence ${sequence} became ${at}`);
  }
  for (const sequence of fillers) await removeMessage(jetStream, stream, sequence);
}

/** The server stores a message at its own time, so what was noted of the mail's times (P12) does not hold any more. */
function withoutTimes(body: Buffer): Buffer {
  return Buffer.from(body.toString().replaceAll(/,"acceptedAt":\d+/g, ''));
}

/** What the server is to check at the store does not hold any more. */
async function store(jetStream: JetStream, subject: string, body: Uint8Array, headers = ''): Promise<number> {
  const kept = headers
    .split('\r\n')
    .slice(1)
    .filter((header) => header !== '' && !/^Nats-(?:Expected|TTL)/.test(header));
  const bytes = kept.length === 0 ? undefined : Buffer.from(`NATS/1.0\r\n${kept.join('\r\n')}\r\n\r\n`);
  const reply = await jetStream.session.requests.send(subject, body, bytes);
  const { seq, error } = JSON.parse(Buffer.from(reply!.data).toString()) as { seq?: number; error?: unknown };
  if (seq === undefined) throw new Error(`${subject}: ${JSON.stringify(error)}`);
  return seq;
}
