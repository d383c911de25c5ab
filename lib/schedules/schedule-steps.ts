import { timesOf } from './occurrences.js';
import {
  isScheduleEvent,
  type OverlapPolicy,
  type ScheduleCommand,
  type ScheduleEvent,
  type ScheduleState,
} from './schedule-state.js';

/** What a step of a schedule brings about. */
export interface ScheduleStep {
  readonly state: ScheduleState;
  /** The times of the runs that start now. */
  readonly starts: readonly number[];
}

/** Times that one step may look at: what is left comes in the next one. */
const MOST_TIMES = 100;
/** Runs that may wait. */
const MOST_WAITING = 1_000;
const MOST_RECENT = 10;
const MOST_COMMANDS = 100;

/** A new schedule begins. */
export function begun(state: ScheduleState, now: number): ScheduleState {
  return dueAfter({ ...state, createdAt: now }, now);
}

/**
 * The time of a schedule has come, now or before. A run that comes later than the catch-up window allows is missed.
 */
export function due(schedule: ScheduleState, now: number): ScheduleStep {
  const step = new Step(schedule, now);
  const after = timesOf(schedule);
  let { next } = schedule;
  for (let count = 0; next !== undefined && next <= now && count < MOST_TIMES; count++) {
    if (now - next > schedule.definition.catchUp) step.count('missed');
    else step.submit(next, schedule.definition.overlap);
    next = after(next);
  }
  return step.end((state) => withNext(state, next));
}

/**
 * An event reaches a schedule; undefined: it is deleted. Before an update that comes behind due times, as after a downtime, these
 * are dealt with, as many as one step looks at: they were due under what it changes.
 */
export function received(schedule: ScheduleState, event: unknown, now: number): ScheduleStep | undefined {
  if (!isScheduleEvent(event)) return { state: schedule, starts: [] };
  if (event.kind === 'delete') return undefined;
  if (event.kind !== 'update') return happened(schedule, event, now);
  const before = due(schedule, now);
  const { state, starts } = happened(before.state, event, now);
  return { state, starts: [...before.starts, ...starts] };
}

function happened(
  schedule: ScheduleState,
  event: Exclude<ScheduleEvent, { kind: 'delete' }>,
  now: number,
): ScheduleStep {
  const step = new Step(schedule, now);
  if (event.kind !== 'ended') return commanded(step, schedule, event, now);
  step.ended(event.time, event.isFailed);
  return step.end();
}

function commanded(step: Step, schedule: ScheduleState, command: ScheduleCommand, now: number): ScheduleStep {
  const { overlap } = schedule.definition;
  if (command.kind === 'trigger') step.submit(freeTime(schedule, now), command.overlap ?? overlap);
  if (command.kind === 'backfill') for (const time of command.times) step.submit(time, command.overlap);
  const carriedOut = [command.id, ...schedule.carriedOut].slice(0, MOST_COMMANDS);
  return step.end((state) => changed({ ...state, carriedOut }, command, now));
}

function changed(state: ScheduleState, command: ScheduleCommand, now: number): ScheduleState {
  switch (command.kind) {
    case 'pause':
      return withNext(noted({ ...state, isPaused: true }, command.note), undefined);
    case 'unpause': {
      const unpaused = noted({ ...state, isPaused: false }, command.note);
      return state.isPaused ? dueAfter(unpaused, now) : unpaused; // what is due is still due
    }
    case 'update':
      return dueAfter({ ...state, definition: command.definition }, now);
    case 'trigger':
    case 'backfill':
    case 'delete':
      return state;
  }
}

/** Two triggers within one millisecond are two runs. */
function freeTime({ running, waiting }: ScheduleState, now: number): number {
  let time = now;
  while (running.includes(time) || waiting.includes(time)) time++;
  return time;
}

function noted(schedule: ScheduleState, note: string | undefined): ScheduleState {
  const { note: _, ...state } = schedule;
  return note === undefined ? state : { ...state, note };
}

/** What passed while it was paused, or before it was changed, is not made up for. */
function dueAfter(state: ScheduleState, now: number): ScheduleState {
  return withNext(state, state.isPaused ? undefined : timesOf(state)(now));
}

function withNext(schedule: ScheduleState, next: number | undefined): ScheduleState {
  const { next: _, ...state } = schedule;
  return next === undefined ? state : { ...state, next };
}

/** Gathers what one step does to the runs of a schedule. */
class Step {
  readonly #state: ScheduleState;
  readonly #now: number;
  readonly #starts: number[] = [];
  #running: readonly number[];
  #waiting: readonly number[];
  #counts: ScheduleState['counts'];

  constructor(state: ScheduleState, now: number) {
    this.#state = state;
    this.#now = now;
    this.#running = state.running;
    this.#waiting = state.waiting;
    this.#counts = state.counts;
  }

  count(what: keyof ScheduleState['counts']): void {
    this.#counts = { ...this.#counts, [what]: this.#counts[what] + 1 };
  }

  /** A run is due: it starts, waits or is skipped. */
  submit(time: number, overlap: OverlapPolicy): void {
    if (this.#running.includes(time) || this.#waiting.includes(time)) return this.count('skipped');
    if (this.#running.length === 0 || overlap === 'allowAll') return this.#start(time); // what waits, waits for a run
    const room = overlap === 'skip' ? 0 : overlap === 'bufferOne' ? 1 : MOST_WAITING;
    if (this.#waiting.length < room) this.#waiting = [...this.#waiting, time];
    else this.count('skipped');
  }

  /** A run has ended; a second word of it changes nothing. */
  ended(time: number, isFailed: boolean): void {
    if (!this.#running.includes(time)) return;
    this.#running = this.#running.filter((other) => other !== time);
    if (isFailed) this.count('failed');
    const [first, ...others] = this.#waiting;
    if (first === undefined || this.#running.length > 0) return;
    this.#waiting = others;
    this.#start(first);
  }

  #start(time: number): void {
    this.#running = [...this.#running, time];
    this.#starts.push(time);
    this.count('started');
  }

  end(change: (state: ScheduleState) => ScheduleState = (state) => state): ScheduleStep {
    const started = this.#starts.map((time) => ({ time, startedAt: this.#now })).reverse();
    const recent = [...started, ...this.#state.recent].slice(0, MOST_RECENT);
    const [running, waiting, counts] = [this.#running, this.#waiting, this.#counts];
    return { state: change({ ...this.#state, running, waiting, counts, recent }), starts: this.#starts };
  }
}
