import type { FunctionHandler, LogLevel } from './bindings.js';
import { InvocationContext } from './invocation-context.js';
import { Disposable } from './disposable.js';

/** What hooks of one run of an app, or one invocation, share. */
export interface HookContextInit {
  /** What hooks put there for each other. */
  hookData?: Record<string, unknown>;
}

/**
 * What a hook is given.
 *
 * @example
 * ```ts
 * import { app } from 'perdure/azure-functions';
 *
 * app.hook.appTerminate((context) => console.log('ends', context.hookData));
 * ```
 */
export class HookContext {
  /** What hooks put there for each other. */
  readonly hookData: Record<string, unknown>;

  /** Made for tests. */
  constructor(init: HookContextInit = {}) {
    this.hookData = init.hookData ?? {};
  }
}

/** What a hook at the start of an app is made of. */
export interface AppStartContextInit extends HookContextInit {}
/** What a hook at the end of an app is made of. */
export interface AppTerminateContextInit extends HookContextInit {}
/**
 * The app starts.
 *
 * @example
 * ```ts
 * import { app } from 'perdure/azure-functions';
 *
 * app.hook.appStart((context) => void (context.hookData['since'] = Date.now()));
 * ```
 */
export class AppStartContext extends HookContext {}
/**
 * The app ends.
 *
 * @example
 * ```ts
 * import { app } from 'perdure/azure-functions';
 *
 * app.hook.appTerminate(() => console.log('ends'));
 * ```
 */
export class AppTerminateContext extends HookContext {}

/** What a hook around an invocation is made of. */
export interface InvocationHookContextInit extends HookContextInit {
  /** What the function is called with. */
  inputs?: unknown[];
  /** Its context. */
  invocationContext?: InvocationContext;
}

/**
 * A function is invoked.
 *
 * @example
 * ```ts
 * import { app } from 'perdure/azure-functions';
 *
 * app.hook.postInvocation(({ invocationContext }) => invocationContext.log('has ended'));
 * ```
 */
export class InvocationHookContext extends HookContext {
  /** Its context. */
  readonly invocationContext: InvocationContext;

  /** Made for tests. */
  constructor(init: InvocationHookContextInit = {}) {
    super(init);
    this.invocationContext = init.invocationContext ?? new InvocationContext();
  }
}

/** What a hook before an invocation is made of. */
export interface PreInvocationContextInit extends InvocationHookContextInit {
  /** The function's code. */
  functionCallback?: FunctionHandler;
}

/**
 * A function is about to be invoked.
 *
 * @example
 * ```ts
 * import { app } from 'perdure/azure-functions';
 *
 * app.hook.preInvocation((context) => void (context.hookData['since'] = performance.now()));
 * ```
 */
export class PreInvocationContext extends InvocationHookContext {
  /** What it will be called with; a hook may change it. */
  inputs: unknown[];
  /** What will be called; a hook may put something else in its place. */
  functionHandler: FunctionHandler;

  /** Made for tests. */
  constructor(init: PreInvocationContextInit = {}) {
    super(init);
    this.inputs = init.inputs ?? [];
    this.functionHandler = init.functionCallback ?? (() => {});
  }
}

/** What a hook behind an invocation is made of. */
export interface PostInvocationContextInit extends InvocationHookContextInit {
  /** What the function gave. */
  result?: unknown;
  /** What it threw. */
  error?: unknown;
}

/**
 * A function has been invoked.
 *
 * @example
 * ```ts
 * import { app } from 'perdure/azure-functions';
 *
 * app.hook.postInvocation(({ invocationContext, hookData, error }) => {
 *   const took = performance.now() - (hookData['since'] as number);
 *   invocationContext.log(`${took} ms, ${error === undefined ? 'well' : 'badly'}`);
 * });
 * ```
 */
export class PostInvocationContext extends InvocationHookContext {
  /** What it was called with. */
  inputs: unknown[];
  /** What it gave; a hook may put something else in its place. */
  result: unknown;
  /** What it threw; a hook may put something else in its place. */
  error: unknown;

  /** Made for tests. */
  constructor(init: PostInvocationContextInit = {}) {
    super(init);
    this.inputs = init.inputs ?? [];
    this.result = init.result;
    this.error = init.error;
  }
}

/** Who wrote a line. */
export type LogCategory = 'user' | 'system' | 'customMetric';

/** What a hook of a line is made of. */
export interface LogHookContextInit extends HookContextInit {
  /** The invocation that wrote it. */
  invocationContext?: InvocationContext;
  /** Its level. */
  level?: LogLevel;
  /** Who wrote it. */
  category?: LogCategory;
  /** Its text. */
  message?: string;
}

/**
 * A line is written.
 *
 * @example
 * ```ts
 * import { app } from 'perdure/azure-functions';
 *
 * app.hook.log((context) => void (context.message = context.message.replaceAll(/\d{16}/g, 'a card')));
 * ```
 */
export class LogHookContext extends HookContext {
  /** The invocation that wrote it. */
  readonly invocationContext: InvocationContext | undefined;
  /** Who wrote it. */
  readonly category: LogCategory;
  /** Its level; a hook may change it. */
  level: LogLevel;
  /** Its text; a hook may change it. */
  message: string;

  /** Made for tests. */
  constructor(init: LogHookContextInit = {}) {
    super(init);
    this.invocationContext = init.invocationContext;
    this.category = init.category ?? 'user';
    this.level = init.level ?? 'information';
    this.message = init.message ?? 'unknown';
  }
}

/** Is told that the app starts. */
export type AppStartHandler = (context: AppStartContext) => void | Promise<void>;
/** Is told that the app ends. */
export type AppTerminateHandler = (context: AppTerminateContext) => void | Promise<void>;
/** Is told that a function is about to be invoked. */
export type PreInvocationHandler = (context: PreInvocationContext) => void | Promise<void>;
/** Is told that a function has been invoked. */
export type PostInvocationHandler = (context: PostInvocationContext) => void | Promise<void>;
/** Is told of a line. */
export type LogHookHandler = (context: LogHookContext) => void;

interface Hooks {
  readonly appStart: Set<AppStartHandler>;
  readonly appTerminate: Set<AppTerminateHandler>;
  readonly preInvocation: Set<PreInvocationHandler>;
  readonly postInvocation: Set<PostInvocationHandler>;
  readonly log: Set<LogHookHandler>;
}

const hooks: Hooks = {
  appStart: new Set(),
  appTerminate: new Set(),
  preInvocation: new Set(),
  postInvocation: new Set(),
  log: new Set(),
};

/** The hooks of one kind, in the order in which they were registered. */
export function hooksOf<K extends keyof Hooks>(kind: K): readonly (Hooks[K] extends Set<infer H> ? H : never)[] {
  return [...hooks[kind]] as never;
}

function registered<H>(set: Set<H>, handler: H): Disposable {
  set.add(handler);
  return new Disposable(() => set.delete(handler));
}

/** Calls the handler when the app starts. */
export const appStart = (handler: AppStartHandler): Disposable => registered(hooks.appStart, handler);
/** Calls the handler when the app ends in good order. */
export const appTerminate = (handler: AppTerminateHandler): Disposable => registered(hooks.appTerminate, handler);
/** Calls the handler before each invocation of a function that a request, a time or an activity's call begins. */
export const preInvocation = (handler: PreInvocationHandler): Disposable => registered(hooks.preInvocation, handler);
/** Calls the handler behind each such invocation. */
export const postInvocation = (handler: PostInvocationHandler): Disposable => registered(hooks.postInvocation, handler);
/** Calls the handler for each line of a function. */
export const log = (handler: LogHookHandler): Disposable => registered(hooks.log, handler);
