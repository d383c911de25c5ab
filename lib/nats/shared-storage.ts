import { damageTo, recordGone, seenForGood } from './hub-damage.js';
import { ErrorCode, type JetStream, type StreamInfo } from './jetstream.js';
import type { HubRecord } from '../wire/hub-record.js';
import { bucketStreamName, objectStreamName, type HubSubjects } from '../wire/subjects.js';

/** Who asks within so many milliseconds after a look shares it: a worker's partitions all do. */
const SHARED = 1_000;

/** The streams of a task hub held to what its record says of them, and what all of its partitions share looked at once. */
export class SharedStorage {
  readonly #jetStream: JetStream;
  readonly #subjects: HubSubjects;
  readonly #hub: string;
  readonly #record: Pick<HubRecord, 'streams' | 'marks'>;
  #look: Promise<unknown> | undefined;
  #lookedAt = -Infinity;

  constructor(jetStream: JetStream, subjects: HubSubjects, hub: string, record: Pick<HubRecord, 'streams' | 'marks'>) {
    this.#jetStream = jetStream;
    this.#subjects = subjects;
    this.#hub = hub;
    this.#record = record;
  }

  /** Resolves when what all partitions share is there; rejects with StorageRegressedError, and with ClosedError. */
  async check(): Promise<void> {
    const now = performance.now();
    if (!this.#look || now - this.#lookedAt > SHARED) {
      this.#lookedAt = now;
      const { objects, tasksStream } = this.#subjects;
      this.#look = Promise.all([this.info(objectStreamName(objects)), this.info(tasksStream), this.#checkRecord()]);
    }
    await this.#look;
  }

  /** A stream's settings and state. Rejects with StorageRegressedError when it is gone, was created anew or lost its mark. */
  async info(stream: string): Promise<StreamInfo> {
    const info = await this.#find<StreamInfo>(`STREAM.INFO.${stream}`, {});
    const damage = damageTo(stream, this.#hub, this.#record, info);
    if (damage) throw damage;
    return info!;
  }

  /** A bucket that was purged, deleted or created anew does not hold the hub's record. */
  async #checkRecord(): Promise<void> {
    const { bucket } = this.#subjects;
    const record = { last_by_subj: `$KV.${bucket}.hub` };
    if (!(await this.#find(`STREAM.MSG.GET.${bucketStreamName(bucket)}`, record))) throw recordGone(bucket, this.#hub);
  }

  #find<T>(request: string, body: object): Promise<T | undefined> {
    const absent = [ErrorCode.streamNotFound, ErrorCode.noMessage];
    return seenForGood(
      () => this.#jetStream.demand<T>(request, body, absent),
      (found) => found !== undefined,
    );
  }
}
