/** How many requests may be held at the same time. */
export class WaitPlaces {
  #free: number;

  constructor(places: number) {
    this.#free = places;
  }

  /** A place, given back by calling; undefined: there is none. */
  take(): (() => void) | undefined {
    if (this.#free < 1) return undefined;
    this.#free--;
    let isTaken = true;
    return () => {
      if (isTaken) this.#free++;
      isTaken = false;
    };
  }
}
