import type { Task } from './task.js';

/** What a call through a proxy gives, by who calls: `R` is the result of the method. */
export interface CallResults<R> {
  /** An orchestrator's call. */
  readonly task: Task<R>;
  /** A client's call, or an entity's. */
  readonly promise: Promise<R>;
  /** A one-way message of an orchestrator or an entity. */
  readonly signal: void;
  /** A one-way message of a client: resolves when it is stored. */
  readonly accepted: Promise<void>;
}

/** The kinds of calls. */
export type CallKind = keyof CallResults<unknown>;

/**
 * The public methods of a class as another instance calls them: only the input of each, never the context. `state` and
 * other fields are not there.
 */
export type OperationCalls<C, K extends CallKind> = { readonly [M in MethodName<C>]: Call<C[M], K> };

/** A one-way message to an entity of a class: the entity's key, the operation, and its input. */
export type EntitySignal<C> = {
  [M in MethodName<C>]: C[M] extends (...args: infer P) => unknown
    ? readonly [key: string, operation: M, ...input: InputArguments<P>]
    : never;
}[MethodName<C>];

/** The methods of a class with activities as an orchestrator calls them. */
export type ActivityCalls<C> = OperationCalls<C, 'task'>;

/** The methods of an orchestrator beside `run`, as a client calls its queries and updates. */
export type HandlerCalls<O> = { readonly [M in Exclude<MethodName<O>, 'run'>]: HandlerCall<O[M]> };

/** What an update that waits returns in the end is what its caller gets. */
type HandlerCall<F> = F extends (...args: infer P) => infer R
  ? (...input: InputArguments<P>) => Promise<Returned<R>>
  : never;

/** An object with an orchestrator's `run` method. */
export interface OrchestratorObject {
  run(...args: never[]): unknown;
}

/** The arguments that start an orchestrator: its input as `run` declares it, then options. */
export type StartArguments<O extends OrchestratorObject, Options> =
  InputArguments<Parameters<O['run']>> extends infer I
    ? I extends readonly []
      ? [input?: undefined, options?: Options]
      : I extends readonly [infer Input]
        ? [input: Input, options?: Options]
        : I extends readonly [(infer Input)?]
          ? [input?: Input, options?: Options]
          : never
    : never;

/**
 * What an orchestrator returns in the end, as a type: of its generator or, when it waits for nothing, of its method.
 */
export type OrchestratorOutput<O extends OrchestratorObject> = Returned<ReturnType<O['run']>>;

/** What comes in the end of what a method returns. */
type Returned<R> = R extends Generator<unknown, infer T, unknown> ? T : Awaited<R>;

type MethodName<C> = {
  [M in keyof C]: M extends string ? (C[M] extends (...args: never[]) => unknown ? M : never) : never;
}[keyof C];

type Call<F, K extends CallKind> = F extends (...args: infer P) => infer R
  ? (...input: InputArguments<P>) => CallResults<Awaited<R>>[K]
  : never;

/** Only the first parameter is an input: none when it is missing or void, optional when it is declared so. */
type InputArguments<P extends readonly unknown[]> = P extends readonly []
  ? []
  : P extends readonly [infer I, ...unknown[]]
    ? IsVoid<I> extends true
      ? []
      : [input: I]
    : P extends readonly [(infer I)?, ...unknown[]]
      ? [input?: I]
      : [];

// `any` is no void: 0 extends 1 & any.
type IsVoid<I> = 0 extends 1 & I ? false : [I] extends [void] ? true : false;
