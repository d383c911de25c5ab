/**
 * Jars are entities that clients fill and delete. With the purses of transactions they are of a class whose states have versions,
 * and workers go over from the first to the second in the midst of a simulation.
 */
export type JarAction = { readonly await?: boolean } & (
  | { readonly do: 'put'; readonly jar: string; readonly id: string; readonly isRefused?: true }
  | { readonly do: 'discard'; readonly jar: string }
);

export const JARS = ['j0', 'j1'];

/** The version of the state that the second code makes. */
export const SECOND = 2;

/** What every state of a class with versions has: the version of the code that made it, or made it its own. */
export interface Dated {
  readonly era: number;
}

export interface JarState extends Dated {
  readonly log: readonly string[];
}
