import type { Hosted } from '../../lib/definitions/registry.js';
import type { Host } from '../../lib/engine/host.js';
import { createHost } from '../../lib/worker/host.js';
import { nowhere, type Surroundings } from './actors.js';

/** What workers host, in a world of theirs. */
export type Hosting = (world: Surroundings) => Hosted;

/** A host whose user code runs in another world with each worker that has it. */
interface Movable {
  readonly host: Host;
  world: Surroundings;
}

/** Those that no worker has. */
const free = new Map<Hosting, Movable[]>();
const replaying = new Map<Hosting, Host>();

/**
 * The hosts of the workers of one simulation. Processes come and go by the thousand: to make their classes and check them
 * each time would take longer than much of what they do, so a simulation that is over leaves its hosts to the next.
 */
export class Hosts {
  readonly #hostingOf: (worker: string) => Hosting;
  readonly #taken: (readonly [Hosting, Movable])[] = [];

  /** Workers need not host the same. */
  constructor(hostingOf: (worker: string) => Hosting) {
    this.#hostingOf = hostingOf;
  }

  /** A host for a worker whose user code sees this world. */
  take(worker: string, world: Surroundings): Host {
    const hosting = this.#hostingOf(worker);
    const movable = free.get(hosting)?.pop() ?? newHost(hosting);
    movable.world = world;
    this.#taken.push([hosting, movable]);
    return { ...movable.host, worker };
  }

  /** One for replays: nothing is done. */
  get replaying(): Host {
    const hosting = this.#hostingOf('replay');
    const host = replaying.get(hosting) ?? createHost('replay', hosting(nowhere));
    replaying.set(hosting, host);
    return host;
  }

  /** Nothing runs any more. */
  leave(): void {
    for (const [hosting, movable] of this.#taken.splice(0)) {
      movable.world = nowhere;
      free.set(hosting, [...(free.get(hosting) ?? []), movable]);
    }
  }
}

function newHost(hosting: Hosting): Movable {
  const movable = { world: nowhere };
  const host = createHost('', hosting(follow(movable)));
  return Object.assign(movable, { host });
}

/** The world in which a host is now. */
function follow(at: { readonly world: Surroundings }): Surroundings {
  return {
    pause: (milliseconds) => at.world.pause(milliseconds),
    activityBegins: (context, id) => at.world.activityBegins(context, id),
    ioBegins: (key, id) => at.world.ioBegins(key, id),
    answered: (key, id, version) => at.world.answered(key, id, version),
    goesOn: (id, begun) => at.world.goesOn(id, begun),
    duration: (id) => at.world.duration(id),
    attempt: (context, id) => at.world.attempt(context, id),
    hold: (context) => at.world.hold(context),
  };
}
