import type { Storage, StorageBounds } from '../engine/ports.js';
import type { StreamKind } from '../wire/subjects.js';
import { recordGone, streamGone, streamRecreated } from './hub-damage.js';
import type { NatsHub } from './hub.js';
import { boundsOf, ErrorCode, type StreamInfo } from './jetstream.js';

/** What seems to be gone is looked for again after so many milliseconds: a cluster's new leader may not know it yet. */
const SECOND_LOOK = 1_000;

/** A partition's streams on JetStream, held to what the hub's record says of them. */
export class NatsStorage implements Storage {
  readonly #hub: NatsHub;
  readonly #partition: number;

  constructor(hub: NatsHub, partition: number) {
    this.#hub = hub;
    this.#partition = partition;
  }

  async bounds(): Promise<StorageBounds> {
    const [log, mail, state] = await Promise.all([
      this.#ofPartition('log'),
      this.#ofPartition('mail'),
      this.#ofPartition('state'),
      this.#info(`OBJ_${this.#hub.subjects.objects}`),
      this.#info(this.#hub.subjects.tasksStream),
      this.#checkRecord(),
    ]);
    return { log: boundsOf(log), mail: boundsOf(mail), state: boundsOf(state) };
  }

  #ofPartition(kind: StreamKind): Promise<StreamInfo> {
    return this.#info(this.#hub.subjects.partition(this.#partition).streamName(kind));
  }

  async #info(stream: string): Promise<StreamInfo> {
    const { streams, name } = this.#hub;
    const info = await this.#find<StreamInfo>(`STREAM.INFO.${stream}`, {});
    if (!info) throw streamGone(stream, name);
    const created = streams[stream];
    if (info.created !== created) throw streamRecreated(stream, name, created, info.created);
    return info;
  }

  /** A bucket that was purged, deleted or created anew does not hold the hub's record. */
  async #checkRecord(): Promise<void> {
    const { subjects, name } = this.#hub;
    const record = { last_by_subj: `$KV.${subjects.bucket}.hub` };
    if (!(await this.#find(`STREAM.MSG.GET.KV_${subjects.bucket}`, record))) throw recordGone(subjects.bucket, name);
  }

  async #find<T>(request: string, body: object): Promise<T | undefined> {
    const { jetStream } = this.#hub;
    const absent = [ErrorCode.streamNotFound, ErrorCode.noMessage];
    const found = await jetStream.demand<T>(request, body, absent);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK));
    return jetStream.demand<T>(request, body, absent);
  }
}
