import { orchestrationAddress } from '../wire/addresses.js';
import { Changes } from './changes.js';
import type { ClientSession } from './client-session.js';
import { watchedLong, type WatchOptions } from './entity-watch.js';
import type { Target } from './instance-handlers.js';
import type { FoundStatus, InstanceFinder } from './instance-finder.js';
import { hasEnded, statusFor, type OrchestrationStatus } from './orchestration-status.js';
import { pendingStatus } from './started-run.js';
import type { Wait } from './waits.js';

/** How an instance is watched. */
export interface StatusWatchOptions extends WatchOptions {
  /** Whether inputs and outputs are told. Default true; without them, `input` and `output` are undefined. */
  readonly fetchInputsAndOutputs?: boolean | undefined;
}

/** Behind a look that found nothing new the next one is so many milliseconds later: much may happen without a change of the status. */
const SPACING = 50;

/**
 * Follows an orchestration instance. What the owner tells is only that there is something new: what is yielded is read. Of a view
 * nothing is believed that is older than what was told before.
 */
export class InstanceWatch {
  readonly #session: ClientSession;
  readonly #finder: InstanceFinder;
  readonly #target: Target;

  constructor(session: ClientSession, finder: InstanceFinder, target: Target) {
    this.#session = session;
    this.#finder = finder;
    this.#target = target;
  }

  async *statuses(options: StatusWatchOptions): AsyncGenerator<OrchestrationStatus, void> {
    const { instanceId } = this.#target;
    const { waits } = this.#session;
    const wait = waits.begin<never>(options, () => watchedLong(`Orchestration instance "${instanceId}"`, options));
    const changes = new Changes(this.#session, orchestrationAddress(instanceId));
    try {
      for (let last: FoundStatus | 'pending' | undefined; ;) {
        changes.look();
        const looked = await wait.unlessOver(this.#look(wait, options));
        const found = looked === 'nobody' ? last : latest(looked ?? 'pending', last);
        const isChange = found !== undefined && textOf(found) !== textOf(last);
        if (isChange) yield this.#told(found);
        last = found;
        if (typeof found === 'object' && hasEnded(found.status)) return;
        if (!isChange) await wait.pause(SPACING);
        await changes.next(isOwned(looked), wait);
      }
    } finally {
      changes.close();
      wait.end();
    }
  }

  #look(wait: Wait<never>, { fetchInputsAndOutputs = true }: StatusWatchOptions) {
    const { instanceId, run } = this.#target;
    const { notify } = this.#session.inbox;
    return this.#finder.look(instanceId, run, wait, { notify, fetchInputsAndOutputs });
  }

  #told(found: FoundStatus | 'pending'): OrchestrationStatus {
    const { instanceId, run } = this.#target;
    const { values } = this.#session;
    if (found === 'pending') return pendingStatus(instanceId, run!, values);
    return statusFor(found.status, found.source, values);
  }
}

/** Nobody owns what a view has told, or nobody could tell. A start that no owner has shown is looked for as if one did. */
function isOwned(looked: FoundStatus | 'nobody' | undefined): boolean {
  return typeof looked === 'object' && looked.source === 'owner';
}

/** What was found, unless it is a view that is behind what was told last: that is as of a view then. */
function latest(found: FoundStatus | 'pending', last: FoundStatus | 'pending' | undefined): FoundStatus | 'pending' {
  if (found === 'pending' || typeof last !== 'object' || found.source === 'owner') return found;
  return isBehind(found, last) ? { ...last, source: 'view' } : found;
}

function isBehind({ status: view }: FoundStatus, { status: told }: FoundStatus): boolean {
  if (view.updatedAt !== told.updatedAt) return view.updatedAt < told.updatedAt;
  return view.executionId === told.executionId && (view.historyLength ?? 0) < (told.historyLength ?? 0);
}

/** The same for statuses that do not differ in what they tell of how an instance stands. */
function textOf(found: FoundStatus | 'pending' | undefined): string {
  if (typeof found !== 'object') return String(found);
  const { executionId, runtimeStatus, customStatus, reason, nameWithoutWorker } = found.status;
  return JSON.stringify([found.source, executionId, runtimeStatus, customStatus, reason, nameWithoutWorker]);
}
