import type { Action } from './history.js';

/** Frames of a stack that are looked at: helpers of the user's, and some ten of this package's own. */
const DEEPEST = 64;

/**
 * Where user code asked for its actions. It costs a stack for each, so it is kept only when a replay that differs from its
 * history is run once more, to tell where.
 */
export class CallTrace {
  readonly #sources = new Map<Action, string>();

  /** Called where the action is recorded, inside the call of user code. */
  note(action: Action): void {
    const source = callSite();
    if (source !== undefined) this.#sources.set(action, source);
  }

  /** `file:line:column` of the call; undefined: no user code asked for it, such as for another attempt. */
  sourceOf(action: Action): string | undefined {
    return this.#sources.get(action);
  }
}

/** The innermost place outside the core that the core has called: what stands below is who replays. */
function callSite(): string | undefined {
  const places = placesIn(currentStack());
  const core = folderOf(places[0] ?? '');
  const end = places.findLastIndex((place) => folderOf(place) === core);
  return places.slice(0, Math.max(end, 0)).find((place) => folderOf(place) !== core);
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
