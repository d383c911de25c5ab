import type { Action } from './history.js';
import type { Completion } from './turn.js';

/** Frames of a stack that are looked at: helpers of the user's, and some ten of this package's own. */
const DEEPEST = 64;

/** A place in user code as `file:line:column`, and what is done there. */
export interface TracedPlace {
  readonly what: 'asked for' | 'it waits' | 'thrown' | 'after the wait';
  readonly source: string;
}

/** Replays are synchronous: one at most is under way. */
let present: CallTrace | undefined;

/** Runs a replay whose trace is kept. */
export function traced(trace: CallTrace, replay: () => void): void {
  const before = present;
  present = trace;
  try {
    replay();
  } finally {
    present = before;
  }
}

/** Called where code begins to wait for a task by `yield*`. */
export function traceWait(task: object): void {
  present?.noteWait(task);
}

/**
 * Where user code asked for its actions, and where it waits. It costs a stack for each, so it is kept only when a replay that
 * differs from its history is run once more, to tell where.
 */
export class CallTrace {
  readonly #sources = new Map<Action, string>();
  readonly #waits = new WeakMap<object, string>();
  #awaited: object | undefined;

  /** Called where the action is recorded, inside the call of user code. */
  note(action: Action): void {
    const source = callSite();
    if (source !== undefined) this.#sources.set(action, source);
  }

  /** Called where a task is waited for, inside the `yield*` of user code. */
  noteWait(task: object): void {
    const source = callSite();
    if (source === undefined) this.#waits.delete(task);
    else this.#waits.set(task, source);
  }

  /** The code of `run` waits for this task from now on. */
  waitsFor(task: object): void {
    this.#awaited = task;
  }

  /** Where the action was asked for; undefined: no user code did, such as for another attempt. */
  placeOf(action: Action): TracedPlace | undefined {
    return placed('asked for', this.#sources.get(action));
  }

  /** Where the code is that asks for nothing: where it waits, where it threw, or behind which wait it ended. */
  placeOfRest(completion: Completion | undefined): TracedPlace | undefined {
    const thrown = completion?.type === 'Failed' ? thrownAt(completion.failure.stack ?? '') : undefined;
    const waited = this.#awaited && this.#waits.get(this.#awaited);
    return placed('thrown', thrown) ?? placed(completion ? 'after the wait' : 'it waits', waited);
  }
}

function placed(what: TracedPlace['what'], source: string | undefined): TracedPlace | undefined {
  return source === undefined ? undefined : { what, source };
}

function callSite(): string | undefined {
  const places = placesIn(currentStack());
  return userPlace(places, places[0]);
}

/** Where user code threw an error, or called what threw it. */
function thrownAt(stack: string): string | undefined {
  return userPlace(placesIn(stack), placesIn(currentStack())[0]);
}

/** The innermost place outside this package that the core has called: what stands below is who replays. `own`: in the core. */
function userPlace(places: readonly string[], own = ''): string | undefined {
  const core = folderOf(own);
  const library = core.endsWith('core') ? core.slice(0, -'core'.length) : `${core}/`;
  const end = places.findLastIndex((place) => folderOf(place) === core);
  return places.slice(0, Math.max(end, 0)).find((place) => !place.startsWith(library));
}

function currentStack(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = DEEPEST;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = limit;
  return stack;
}

/** The places that a stack names, the innermost first. */
function placesIn(stack: string): readonly string[] {
  return stack.split('\n').flatMap((line) => /^\s*at (?:.* \()?(.+:\d+:\d+)\)?$/.exec(line)?.[1] ?? []);
}

function folderOf(place: string): string {
  return place.slice(0, Math.max(place.lastIndexOf('/'), place.lastIndexOf('\\')));
}
