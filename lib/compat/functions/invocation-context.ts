import { format } from 'node:util';
import type { FunctionInput, FunctionOutput, FunctionTrigger, LogLevel } from './bindings.js';
import type { Unchecked } from './unchecked.js';

/** Takes the lines of a function. */
export type LogHandler = (level: LogLevel, ...args: unknown[]) => void;

/** What is known of what called a function. */
export type TriggerMetadata = Record<string, unknown>;

/** Which attempt of a function runs. */
export interface RetryContext {
  /** How many attempts failed before. */
  retryCount: number;
  /** How many may follow the first; -1: any number. */
  maxRetryCount: number;
  /** Why the attempt before failed. */
  exception?: Exception;
}

/** Why an attempt failed. */
export interface Exception {
  /** Where. */
  source?: string;
  /** Its stack. */
  stackTrace?: string;
  /** Its message. */
  message?: string;
}

/** Where an invocation stands in a trace (W3C). */
export interface TraceContext {
  /** The header `traceparent`. */
  traceParent?: string | undefined;
  /** The header `tracestate`. */
  traceState?: string | undefined;
  /** What else belongs to it. */
  attributes?: Record<string, string>;
}

/** How the function was registered, with defaults filled in. */
export interface EffectiveFunctionOptions {
  /** What calls it. */
  trigger: FunctionTrigger;
  /** Where its result goes. */
  return?: FunctionOutput;
  /** What it gets beside. */
  extraInputs: FunctionInput[];
  /** What it gives beside. */
  extraOutputs: FunctionOutput[];
}

/** What an invocation is made of. */
export interface InvocationContextInit {
  /** Default: `unknown`. */
  invocationId?: string;
  /** Default: `unknown`. */
  functionName?: string;
  /** Default: the console. */
  logHandler?: LogHandler;
  /** Where it stands in a trace. */
  traceContext?: TraceContext;
  /** Which attempt it is. */
  retryContext?: RetryContext;
  /** What is known of its trigger. */
  triggerMetadata?: TriggerMetadata;
  /** How the function was registered. */
  options?: Partial<EffectiveFunctionOptions>;
}

/** The inputs of an invocation beside its trigger. */
export interface InvocationContextExtraInputs {
  /** What an input has. */
  get(inputOrName: FunctionInput | string): Unchecked;
  /** Gives an input another value. */
  set(inputOrName: FunctionInput | string, value: unknown): void;
}

/** The outputs of an invocation beside its result. */
export interface InvocationContextExtraOutputs {
  /** Sets what an output is to have. */
  set(outputOrName: FunctionOutput | string, value: unknown): void;
  /** What was set. */
  get(outputOrName: FunctionOutput | string): unknown;
}

/** Beside the contexts, so that one that a test puts together has the type of a context too. */
const logHandlers = new WeakMap<InvocationContext, LogHandler>();

function logOf(context: InvocationContext): LogHandler {
  return logHandlers.get(context) ?? logToConsole;
}

/**
 * One invocation of a function: its log, and what it gets and gives beside.
 *
 * @example
 * ```ts
 * import { app } from 'perdure/azure-functions';
 *
 * app.http('hello', {
 *   handler: (request, context) => {
 *     context.log(`${context.functionName} was asked for ${request.url}`);
 *     return { jsonBody: { hello: request.query.get('name') } };
 *   },
 * });
 * ```
 */
export class InvocationContext {
  /** Of this invocation alone. */
  invocationId: string;
  /** Of the function. */
  functionName: string;
  /** What it gets beside its trigger. */
  extraInputs: InvocationContextExtraInputs;
  /** What it gives beside its result. */
  extraOutputs: InvocationContextExtraOutputs;
  /** Which attempt it is; undefined: the only one. */
  retryContext?: RetryContext;
  /** Where it stands in a trace. */
  traceContext?: TraceContext;
  /** What is known of its trigger. */
  triggerMetadata?: TriggerMetadata;
  /** How the function was registered. */
  options: EffectiveFunctionOptions;

  /** Made for tests; `perdure func start` makes its own. */
  constructor(init: InvocationContextInit = {}) {
    const { options = {}, retryContext, traceContext, triggerMetadata } = init;
    this.invocationId = init.invocationId ?? 'unknown';
    this.functionName = init.functionName ?? 'unknown';
    logHandlers.set(this, init.logHandler ?? logToConsole);
    this.extraInputs = values();
    this.extraOutputs = values();
    if (retryContext) this.retryContext = retryContext;
    if (traceContext) this.traceContext = traceContext;
    if (triggerMetadata) this.triggerMetadata = triggerMetadata;
    this.options = {
      trigger: options.trigger ?? { type: 'unknown', name: 'unknown' },
      ...(options.return && { return: options.return }),
      extraInputs: options.extraInputs ?? [],
      extraOutputs: options.extraOutputs ?? [],
    };
  }

  /** Writes a line, as `info`. */
  log(...args: Unchecked[]): void {
    logOf(this)('information', ...(args as unknown[]));
  }

  /** Writes a line of level 0. */
  trace(...args: Unchecked[]): void {
    logOf(this)('trace', ...(args as unknown[]));
  }

  /** Writes a line of level 1. */
  debug(...args: Unchecked[]): void {
    logOf(this)('debug', ...(args as unknown[]));
  }

  /** Writes a line of level 2. */
  info(...args: Unchecked[]): void {
    logOf(this)('information', ...(args as unknown[]));
  }

  /** Writes a line of level 3. */
  warn(...args: Unchecked[]): void {
    logOf(this)('warning', ...(args as unknown[]));
  }

  /** Writes a line of level 4. */
  error(...args: Unchecked[]): void {
    logOf(this)('error', ...(args as unknown[]));
  }
}

function values(): InvocationContextExtraInputs & InvocationContextExtraOutputs {
  const held = new Map<string, unknown>();
  const nameOf = (binding: string | { readonly name: string }) =>
    typeof binding === 'string' ? binding : binding.name;
  return {
    get: (binding) => held.get(nameOf(binding)) as Unchecked,
    set: (binding, value) => void held.set(nameOf(binding), value),
  };
}

function logToConsole(level: LogLevel, ...args: unknown[]): void {
  const line = format(...args);
  if (level === 'error' || level === 'critical') console.error(line);
  else if (level === 'warning') console.warn(line);
  else console.log(line);
}
