import type { Unchecked } from './unchecked.js';

/**
 * What can be taken back, such as a hook.
 *
 * @example
 * ```ts
 * import { app } from 'perdure/azure-functions';
 *
 * const hook = app.hook.preInvocation(({ invocationContext }) => invocationContext.log('begins'));
 * hook.dispose();
 * ```
 */
export class Disposable {
  #dispose: (() => unknown) | undefined;

  /** One that takes back many. */
  static from(...disposables: { dispose: () => Unchecked }[]): Disposable {
    return new Disposable(() => {
      for (const disposable of disposables) disposable.dispose();
    });
  }

  /** Calls the function when it is disposed of, once. */
  constructor(callOnDispose: () => Unchecked) {
    this.#dispose = callOnDispose;
  }

  /** Takes it back. */
  dispose(): Unchecked {
    const dispose = this.#dispose;
    this.#dispose = undefined;
    return dispose?.() as Unchecked;
  }
}
