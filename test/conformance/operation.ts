import fc from 'fast-check';
import type { Scene } from './scene.js';

/** One step of a list, as data: what is called, and with what. */
export interface Operation {
  readonly call: string;
  readonly with: unknown;
}

/** A kind of operation: how its arguments are drawn, and what it does; its answer is data that can be compared. */
export interface Kind {
  readonly call: string;
  /** How often it is drawn, beside others. */
  readonly weight: number;
  readonly arguments: fc.Arbitrary<unknown>;
  readonly run: (scene: Scene, given: unknown) => Promise<unknown>;
}

export function kind<Arguments>(
  call: string,
  weight: number,
  drawn: { [Name in keyof Arguments]: fc.Arbitrary<Arguments[Name]> },
  run: (scene: Scene, given: Arguments) => Promise<unknown>,
): Kind {
  return { call, weight, arguments: fc.record(drawn), run: (scene, given) => run(scene, given as Arguments) };
}

/** An operation that the server is told of and does not answer: it is over when the server has heard of it. */
export function telling<Arguments>(
  call: string,
  weight: number,
  drawn: { [Name in keyof Arguments]: fc.Arbitrary<Arguments[Name]> },
  run: (scene: Scene, given: Arguments) => Promise<unknown>,
): Kind {
  return kind(call, weight, drawn, async (scene, given: Arguments) => {
    const answer = await run(scene, given);
    await scene.side.reached();
    return answer;
  });
}

/** What became of a promise of a port: its value, or the code of the error that it was rejected with. */
export async function outcome<T, Shown>(
  { side }: Scene,
  call: () => Promise<T>,
  show: (value: T) => Shown,
): Promise<Shown | string> {
  try {
    return show(await side.settle(call()));
  } catch (error) {
    return codeOf(error);
  }
}

/** What became of several calls that are made at once, in their order. */
export function outcomes<T>({ side }: Scene, calls: readonly (() => Promise<T>)[]): Promise<(T | string)[]> {
  return side.settle(Promise.all(calls.map((call) => call().catch(codeOf))));
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: string };
  if (code === undefined) throw error;
  return code;
}

/** Sequences, revisions and the like, as they are. */
export const plain = <T>(value: T): T => value;

/** Which connection, which partition. */
export const who = fc.nat(1);
export const partition = fc.constantFrom(0, 0, 0, 1);

/** Which of the sequences seen: most often the one that a careful writer names. */
export const seen = fc.oneof(
  { arbitrary: fc.constant('last' as const), weight: 6 },
  { arbitrary: fc.constant('none' as const), weight: 2 },
  { arbitrary: fc.constant('former' as const), weight: 2 },
  { arbitrary: fc.constant('ahead' as const), weight: 1 },
);

/** A place in a stream, counted back from two behind its end. */
export const back = fc.nat(14);

export function placeOf(scene: Scene, stream: string, backwards: number): number {
  return Math.max(0, scene.sequence(stream, 'last') + 2 - backwards);
}

/** The size of a body: now and then a byte too large. */
export const size = fc.oneof(
  { arbitrary: fc.constant('small' as const), weight: 15 },
  { arbitrary: fc.constant('tooLarge' as const), weight: 1 },
);

export function bodyOf(scene: Scene, given: 'small' | 'tooLarge', limit: number): Uint8Array {
  return given === 'small' ? new TextEncoder().encode(scene.text()) : new Uint8Array(limit + 1);
}
