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
  readonly #hosting: Hosting;
  readonly #taken: Movable[] = [];

  constructor(hosting: Hosting) {
    this.#hosting = hosting;
  }

  /** A host for a worker whose user code sees this world. */
  take(worker: string, world: Surroundings): Host {
    const movable = free.get(this.#hosting)?.pop() ?? newHost(this.#hosting);
    movable.world = world;
    this.#taken.push(movable);
    return { ...movable.host, worker };
  }

  /** One for replays: nothing is done. */
  get replaying(): Host {
    const host = replaying.get(this.#hosting) ?? createHost('replay', this.#hosting(nowhere));
    replaying.set(this.#hosting, host);
    return host;
  }

  /** Nothing runs any more. */
  leave(): void {
    const others = free.get(this.#hosting) ?? [];
    for (const movable of this.#taken.splice(0)) {
      movable.world = nowhere;
      others.push(movable);
    }
    free.set(this.#hosting, others);
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
