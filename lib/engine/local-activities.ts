import { ActivityCanceledError, ClosedError } from '../errors.js';
import type { TaskIds } from '../wire/tasks.js';
import type { GiveBack, InputBody, PendingActivity, StepOutput } from './activation.js';
import type { Host } from './host.js';
import type { Instance } from './instance.js';
import { LocalRun, type LocalRunSurroundings } from './local-run.js';
import { MOST_LOST, nextRun } from './orchestration-activities.js';
import type { PartitionPorts } from './ports.js';
import type { SharedActivities } from './shared-activities.js';

/** So many may wait for a slot in this process, and for so long, in milliseconds: then the work queues have them. */
const LONGEST_LINE = 10_000;
const LONGEST_WAIT = 1_000;
const LOOK = 250;
/** A suspect whose turn it is begins within so many milliseconds, or not at all. */
const TURN = 5_000;
/** From then on new ones of the name go there, too, for so long: they would overtake the others. */
export const OVERFLOW = 2_000;

/**
 * The activities of a partition's instances that its owner does itself, each at least once (C1: after its commit).
 *
 * P20. The place of an activity is chosen in the step that asks for it, and recorded there.
 */
export class LocalActivities {
  readonly #host: Host;
  readonly #ports: PartitionPorts;
  readonly #shared: SharedActivities;
  readonly #listener: (instance: Instance, input: InputBody) => void;
  readonly #surroundings: LocalRunSurroundings;
  readonly #runs = new Map<string, LocalRun>();
  /** Runs that wait for a slot, in order. */
  readonly #line = new Set<LocalRun>();
  /** Suspects whose turn it is: what says that it is over. */
  readonly #turns = new Map<string, () => void>();
  /** Activities that came too late to begin here. */
  readonly #left: [Instance, PendingActivity][] = [];
  #endWatch: (() => void) | undefined;
  #whenNone: (() => void)[] = [];
  #isDraining = false;
  #isOver = false;

  constructor(
    host: Host,
    ports: PartitionPorts,
    shared: SharedActivities,
    listener: (instance: Instance, input: InputBody) => void,
  ) {
    this.#host = host;
    this.#ports = ports;
    this.#shared = shared;
    this.#listener = listener;
    this.#surroundings = {
      host,
      ports,
      code: shared.code,
      listener: {
        begun: (run) => void this.#line.delete(run),
        result: ({ instance }, result) => {
          if (!this.#isOver) this.#listener(instance, result);
        },
        ended: (run) => {
          shared.slots.release(run.name);
          this.#remove(run);
        },
      },
    };
  }

  /** The output with the place of each activity. */
  place(output: StepOutput): StepOutput {
    const { activities } = output;
    if (!activities || activities.length === 0) return output;
    let room = LONGEST_LINE - this.#shared.slots.waiting;
    const local: PendingActivity[] = [];
    const queued: PendingActivity[] = [];
    for (const activity of activities) (room-- > 0 && this.#isLocal(activity) ? local : queued).push(activity);
    if (queued.length === 0) return output;
    const tasks: TaskIds = [queued[0]!.executionId, queued.map(({ request }) => request.id)];
    return { ...output, entry: { ...output.entry, queued: tasks }, activities: local, queued };
  }

  #isLocal({ request: { name, queue } }: PendingActivity): boolean {
    if (queue !== undefined || this.#isDraining || !this.#host.activities.has(name)) return false;
    if (this.#shared.slots.isOverflowing(name, this.#ports.clock.now())) return false;
    const settings = this.#host.activitySettings?.get(name);
    return !settings || (settings.queue === undefined && settings.hubConcurrency === undefined);
  }

  /** Begins an activity, as soon as there is a slot, unless it runs already. */
  start(instance: Instance, activity: PendingActivity): void {
    const key = keyOf(activity.executionId, activity.request.id);
    if (this.#runs.has(key) || this.#isOver) return;
    if (this.#isDraining) return void this.#left.push([instance, activity]);
    const run = new LocalRun(key, instance, activity, this.#surroundings);
    this.#runs.set(key, run);
    instance.runningActivities++;
    if (this.#shared.slots.take(run.name)) return run.begin();
    this.#shared.slots.wait(run);
    this.#line.add(run);
    this.#watch();
  }

  #remove({ key, instance }: LocalRun): void {
    this.#runs.delete(key);
    instance.runningActivities--;
    this.#endTurn(key);
    if (this.#runs.size === 0) for (const resolve of this.#whenNone.splice(0)) resolve();
  }

  #endTurn(key: string): void {
    this.#turns.get(key)?.();
    this.#turns.delete(key);
  }

  /** Activities that a former owner may have begun are begun again; those for which it is the last run, one by one. */
  recover(instance: Instance, pending: readonly PendingActivity[]): void {
    const others = pending.filter((activity) => !isLast(activity));
    if (others.length > 0) this.#restart(instance, others);
    for (const suspect of pending.filter(isLast))
      this.#shared.suspects.whenFree(() => {
        if (!this.#isOver) this.#beginTurn(instance, suspect);
      });
  }

  #beginTurn(instance: Instance, suspect: PendingActivity): void {
    const key = keyOf(suspect.executionId, suspect.request.id);
    this.#turns.set(key, this.#shared.suspects.enter()!);
    this.#restart(instance, [suspect]);
    // Nobody may wait for it any more, or its place may be a queue: then nothing begins here.
    this.#ports.clock.after(TURN, () => {
      if (!this.#runs.has(key)) this.#endTurn(key);
    });
  }

  #restart(instance: Instance, [first, ...others]: readonly PendingActivity[]): void {
    const { executionId } = first!;
    const ids = [first!, ...others].map(({ request }) => request.id);
    this.#listener(instance, { kind: 'restart', executionId, ids });
  }

  /** Of activities that nobody waits for any more, those that are not here. */
  cancel({ address }: Instance, [executionId, ids]: TaskIds): readonly number[] {
    return ids.filter((id) => {
      const run = this.#runs.get(keyOf(executionId, id));
      if (!run) return true;
      run.stop(new ActivityCanceledError(run.name, address.slice('o.'.length)));
      if (this.#line.has(run)) this.#takeOut(run);
      return false;
    });
  }

  #takeOut(run: LocalRun): void {
    this.#shared.slots.leave(run);
    this.#line.delete(run);
    this.#remove(run);
  }

  #watch(): void {
    this.#endWatch ??= this.#ports.clock.after(LOOK, () => {
      this.#endWatch = undefined;
      this.#moveLate();
      if (this.#line.size > 0) this.#watch();
    });
  }

  /** What has waited for long goes to its work queue: others may have time for it. */
  #moveLate(): void {
    const now = this.#ports.clock.now();
    const late = new Map<string, { readonly instance: Instance; readonly ids: number[] }>();
    for (const run of this.#line) {
      if (run.since + LONGEST_WAIT > now) break;
      const { executionId, request } = run.activity;
      const moved = late.get(executionId);
      if (moved) moved.ids.push(request.id);
      else late.set(executionId, { instance: run.instance, ids: [request.id] });
      this.#takeOut(run);
      this.#shared.slots.overflow(run.name, now + OVERFLOW);
    }
    for (const [executionId, { instance, ids }] of late)
      this.#listener(instance, { kind: 'requeue', executionId, ids });
  }

  /** Begins none any more. Resolves when none runs, or after a time. */
  async drain(milliseconds: number): Promise<void> {
    this.#isDraining = true;
    if (this.#runs.size === 0) return;
    const { clock } = this.#ports;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(milliseconds, resolve);
      this.#whenNone.push(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Tells what still runs to stop, and its instances that they are left to the next owner. */
  giveBack(): void {
    const runs = new Map<Instance, GiveBack[]>();
    const leave = (
      instance: Instance,
      { executionId, request: { id }, lost }: PendingActivity,
      attempt: number,
    ): void => {
      const inputs = runs.get(instance);
      const input: GiveBack = { kind: 'giveBack', executionId, runs: [{ id, attempt, lost }] };
      if (inputs) inputs.push(input);
      else runs.set(instance, [input]);
    };
    for (const { instance, activity, hasBegun } of this.#runs.values())
      leave(instance, activity, hasBegun ? activity.attempt : activity.attempt - 1);
    for (const [instance, activity] of this.#left) leave(instance, activity, activity.attempt - 1);
    for (const [instance, inputs] of runs) for (const input of inputs) this.#listener(instance, input);
    this.stop();
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#endWatch?.();
    for (const run of this.#line) this.#shared.slots.leave(run);
    this.#line.clear();
    const reason = new ClosedError('The worker stops, or does not own the partition of the orchestration any more.');
    for (const run of this.#runs.values()) run.stop(reason);
    for (const leave of this.#turns.values()) leave();
  }
}

/** Whether its next run is the last one that may be lost. */
function isLast(activity: PendingActivity): boolean {
  return nextRun(activity).lost === MOST_LOST - 1;
}

function keyOf(executionId: string, taskId: number): string {
  return `${executionId}.${taskId}`;
}
