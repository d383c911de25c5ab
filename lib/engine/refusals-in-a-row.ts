import { StorageFullError } from '../errors.js';
import type { OnRefused } from './ports.js';

/** What is refused for so long is given up by whoever has a caller to tell, in milliseconds. */
export const REFUSED_FOR_LONG = 5_000;

/** Why a try was refused. */
export type Refusal = Parameters<OnRefused>[0];

/** The tries to store something that were refused one after another. */
export class RefusalsInARow {
  readonly #patience: number;
  #since: number | undefined;

  /** `patience`: how long to try, in milliseconds. */
  constructor(patience: number = REFUSED_FOR_LONG) {
    this.#patience = patience;
  }

  /** Something was stored. */
  end(): void {
    this.#since = undefined;
  }

  /** Whether it is time to give up after another refusal, of a try that began at `began`. */
  isEnough(began: number, now: number): boolean {
    this.#since ??= began;
    return now - this.#since >= this.#patience;
  }
}

/** The refusal for whoever waits; `isKnown`: no copy can have been stored by an earlier try. */
export function refusalFor(refusal: Refusal, isKnown: boolean): Refusal {
  if (isKnown || !(refusal instanceof StorageFullError)) return refusal;
  return new StorageFullError(refusal.stream, refusal.reason, 'unknown');
}
