import { ConfigError, StreamMismatchError } from '../errors.js';
import {
  bucketStreamName,
  objectStreamName,
  type HubSubjects,
  type PartitionSubjects,
  type StreamKind,
} from '../wire/subjects.js';
import { encodeText } from '../wire/text-encoding.js';
import { ErrorCode, type JetStream, type StreamInfo } from './jetstream.js';

/** The settings of a stream that Perdure's promises rest on, as the server names them. */
export interface StreamSettings {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly num_replicas: number;
  readonly [field: string]: unknown;
}

/** How long the server recognizes a copy of a message by its id. It saves work only: no promise rests on it. */
const DUPLICATE_WINDOW = 120_000_000_000;

/** A stream whose store cannot be made is asked for so many times, so many milliseconds apart. */
const ATTEMPTS = 20;
const RETRY = 250;

/** Nothing is ever dropped by the server: a full stream refuses, and only its owner removes. */
const SHARED = {
  retention: 'limits',
  discard: 'new',
  storage: 'file',
  max_age: 0,
  max_msgs_per_subject: -1,
  max_msg_size: -1,
  allow_direct: true,
  no_ack: false,
  sealed: false,
  deny_purge: false,
  deny_delete: false,
} as const;

/**
 * A view takes the place of the one before by a header: then the server marks the former one on the disk as removed. A limit of one
 * message for each subject would drop it without a mark: it comes back when the server is killed and the later one was removed
 * meanwhile (docs/adr/0069). So the limit is one more, and only bounds what builds before that write.
 */
const VIEWS = { max_msgs_per_subject: 2, allow_rollup_hdrs: true } as const;
/** As builds before that made it. */
const FORMER_VIEWS = 1;

/** The settings of one of a partition's streams. */
export function partitionStream(subjects: PartitionSubjects, kind: StreamKind, replicas: number): StreamSettings {
  return {
    ...SHARED,
    name: subjects.streamName(kind),
    subjects: subjects.streamSubjects(kind),
    num_replicas: replicas,
    ...(kind === 'state' ? VIEWS : {}),
    ...(kind === 'mail' ? { duplicate_window: DUPLICATE_WINDOW } : {}),
  };
}

/** The settings of the stream of a hub's dead letters. */
export function deadLetterStream({ deadLetters }: HubSubjects, replicas: number): StreamSettings {
  return {
    name: deadLetters.stream,
    subjects: [deadLetters.all],
    retention: 'limits',
    discard: 'old',
    storage: 'file',
    num_replicas: replicas,
  };
}

/** How long and how many dead letters are kept unless the stream is set otherwise: they are for people. */
export const DEAD_LETTERS_KEPT = { max_age: 30 * 86_400 * 1_000_000_000, max_msgs: 10_000 };

/** The settings of the stream of a hub's work queues: a message stays until it is acknowledged. */
export function tasksStream({ tasksStream: name, tasks }: HubSubjects, replicas: number): StreamSettings {
  return {
    ...SHARED,
    name,
    subjects: [tasks],
    num_replicas: replicas,
    retention: 'workqueue',
    duplicate_window: DUPLICATE_WINDOW,
  };
}

/** The settings of a key-value bucket's stream. */
export function bucketStream(bucket: string, replicas: number): StreamSettings {
  return {
    ...SHARED,
    name: bucketStreamName(bucket),
    subjects: [`$KV.${bucket}.>`],
    num_replicas: replicas,
    max_msgs_per_subject: 1,
    deny_delete: true,
    allow_rollup_hdrs: true,
    allow_msg_ttl: true,
  };
}

/** The settings of an object-store bucket's stream. */
export function objectStream(bucket: string, replicas: number): StreamSettings {
  return {
    ...SHARED,
    name: objectStreamName(bucket),
    subjects: [`$O.${bucket}.C.>`, `$O.${bucket}.M.>`],
    num_replicas: replicas,
    allow_rollup_hdrs: true,
  };
}

/**
 * The stream with these settings, created when it does not exist; `initial` are settings that may be changed later.
 * Throws StreamMismatchError when it exists with others, or when the server dropped some, and ConfigError when the server
 * refuses to create it.
 */
export async function ensureStream(
  jetStream: JetStream,
  wanted: StreamSettings,
  initial: object = {},
): Promise<StreamInfo> {
  for (let attempt = 1; ; attempt++) {
    const found = await findStream(jetStream, wanted);
    if (found) return found;
    const answer = await jetStream.ask<StreamInfo>(`STREAM.CREATE.${wanted.name}`, { ...wanted, ...initial });
    if (!answer.error) {
      checkSettings(answer.value, wanted);
      return answer.value;
    }
    const { err_code: code, description } = answer.error;
    // Another creator was faster.
    if (code === ErrorCode.streamNameInUse) continue;
    // The server says so also while it still creates or deletes a stream of the name; a disk that fails goes on failing.
    if (code !== ErrorCode.streamStoreFailed || attempt === ATTEMPTS)
      throw new ConfigError(`The server refuses to create stream ${wanted.name}: ${description}`);
    await new Promise<void>((resolve) => jetStream.session.clock.after(RETRY, resolve));
  }
}

/** The stream with these settings, or undefined when it does not exist. Throws StreamMismatchError. */
export async function findStream(jetStream: JetStream, wanted: StreamSettings): Promise<StreamInfo | undefined> {
  const read = () => jetStream.demand<StreamInfo>(`STREAM.INFO.${wanted.name}`, {}, [ErrorCode.streamNotFound]);
  let info = await read();
  if (info && isFormer(info, wanted)) {
    await jetStream.session.isAllowed(
      `$JS.API.STREAM.UPDATE.${wanted.name}`,
      encodeText(JSON.stringify({ ...info.config, ...VIEWS })),
    );
    info = await read(); // who may not change streams is refused with what is wrong
  }
  if (info) checkSettings(info, wanted);
  return info;
}

/** Whether it is a state stream of a build that let the server drop what is written over. */
function isFormer({ config }: StreamInfo, wanted: StreamSettings): boolean {
  const field = 'max_msgs_per_subject';
  return wanted[field] === VIEWS[field] && config[field] === FORMER_VIEWS;
}

function checkSettings({ config }: StreamInfo, wanted: StreamSettings): void {
  for (const [field, want] of Object.entries(wanted)) {
    const have = config[field] ?? (want === false ? false : undefined);
    if (!isEnough(field, have, want)) throw new StreamMismatchError(wanted.name, field, have ?? null, want);
  }
}

/** Replicas can be changed at any time and a longer window does no harm; everything else is exact. */
function isEnough(field: string, have: unknown, want: unknown): boolean {
  if (field === 'num_replicas') return true;
  if (field === 'duplicate_window') return Number(have) >= Number(want);
  if (field === 'subjects') return isSameSet(have, want);
  return have === want;
}

function isSameSet(have: unknown, want: unknown): boolean {
  if (!Array.isArray(have) || !Array.isArray(want)) return false;
  return have.length === want.length && want.every((item) => have.includes(item));
}
