import type { FoundLosses } from '../engine/diagnosis.js';
import type { Loss } from '../engine/partition-reading.js';
import type { HubStore } from '../engine/hub-store.js';
import { encodeHubRecord, type HubRecord } from '../wire/hub-record.js';
import { objectStreamName, streamKinds, type HubSubjects } from '../wire/subjects.js';
import type { JetStream, StreamInfo } from './jetstream.js';
import { KEY, type NatsHub } from './hub.js';
import { markStream } from './stream-marks.js';
import { ensureStream, type StreamSettings } from './streams.js';

/** A stream that is not the one that the hub's record knows. */
interface DamagedStream {
  readonly wanted: StreamSettings;
  /** When it was created, by the hub's record. */
  readonly created: string;
  /** Undefined: it is gone. */
  readonly found: StreamInfo | undefined;
}

/** The streams of a task hub that are gone, or were created anew: for those who look at a damaged hub, and mend it. */
export class DamagedStreams {
  readonly #streams = new Map<string, DamagedStream>();

  note(stream: DamagedStream): void {
    this.#streams.set(stream.wanted.name, stream);
  }

  /** What that means for each partition. */
  lossesByPartition(subjects: HubSubjects, partitions: number): FoundLosses {
    const losses = new Map<number, readonly Loss[]>();
    const tasks = this.#lossOf(subjects.tasksStream, 'tasks');
    for (let partition = 0; partition < partitions; partition++) {
      const names = subjects.partition(partition);
      const own = streamKinds.flatMap((kind) => this.#lossOf(names.streamName(kind), kind));
      if (own.length + tasks.length > 0) losses.set(partition, [...own, ...tasks]);
    }
    return losses;
  }

  /** What that means for the hub as a whole: values that are in the object store no more. */
  lossOfValues({ objects }: HubSubjects): readonly Loss[] {
    return this.#lossOf(objectStreamName(objects), 'objects');
  }

  #lossOf(stream: string, kind: Loss['kind']): readonly Loss[] {
    const damaged = this.#streams.get(stream);
    if (!damaged) return [];
    const { created, found } = damaged;
    if (!found) {
      const isGone = kind === 'tasks' || kind === 'objects' ? {} : { isGone: true as const };
      return [{ stream, kind, ...isGone, text: `It is gone, with all that was in it since ${created}.` }];
    }
    const text =
      found.created === created
        ? 'It was purged: what was in it is lost.'
        : `It was deleted and created again at ${found.created}: what was in it since ${created} is lost.`;
    return [{ stream, kind, ...(kind === 'mail' && { goesBack: true }), text }];
  }

  /** Creates those that are gone, with as many replicas as the others have. What was in them does not come back. */
  async create(jetStream: JetStream, replicas: number): Promise<void> {
    for (const damaged of this.#streams.values()) {
      if (damaged.found) continue;
      const wanted = { ...damaged.wanted, num_replicas: replicas };
      this.note({ ...damaged, found: await ensureStream(jetStream, wanted) });
    }
  }

  /** From here on the hub's record knows these streams as they are. */
  async accept({ jetStream, store, subjects }: NatsHub, streams: readonly string[]): Promise<void> {
    const mended: { streams: Record<string, string>; marks: Record<string, number> } = { streams: {}, marks: {} };
    for (const name of streams) {
      const found = this.#streams.get(name)?.found;
      if (!found) continue;
      mended.streams[name] = found.created;
      const mark = subjects.marks[name];
      if (mark !== undefined) mended.marks[name] = await markStream(jetStream, mark);
    }
    if (Object.keys(mended.streams).length > 0) await this.#record(store, mended);
  }

  /** Another writer may be faster, and what came of a write may be unknown: it is read again either way. */
  async #record(store: HubStore, { streams, marks }: Required<Pick<HubRecord, 'streams' | 'marks'>>): Promise<void> {
    for (;;) {
      const entry = (await store.get(KEY))!;
      const record = JSON.parse(new TextDecoder().decode(entry.value)) as HubRecord;
      if (isPartOf(streams, record.streams) && isPartOf(marks, record.marks)) return;
      const mended = {
        ...record,
        streams: { ...record.streams, ...streams },
        marks: { ...record.marks, ...marks },
      };
      await store.put(KEY, encodeHubRecord(mended), entry.revision);
    }
  }
}

function isPartOf<T>(part: Readonly<Record<string, T>>, whole: Readonly<Record<string, T>> = {}): boolean {
  return Object.entries(part).every(([name, value]) => whole[name] === value);
}
