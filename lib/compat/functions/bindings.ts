import type { InvocationContext } from './invocation-context.js';
import type { Unchecked } from './unchecked.js';

/** What a function gives: a value, or the promise of one. */
export type FunctionResult<T = unknown> = T | Promise<T>;

/** The code of a function. */
export type FunctionHandler = (triggerInput: Unchecked, context: InvocationContext) => FunctionResult<Unchecked>;

/** A part of a function's surroundings, by its kind and its name in the function. */
interface Binding extends Record<string, unknown> {
  /** Its kind, such as `httpTrigger`. */
  type: string;
  /** Its name, unique in the function. */
  name: string;
}

/** What calls a function. */
export interface FunctionTrigger extends Binding {}

/** What a function gets beside its trigger. */
export interface FunctionInput extends Binding {}

/** What a function gives beside its result. */
export interface FunctionOutput extends Binding {}

/** A function as it is registered. */
export interface FunctionOptions {
  /** Its code. */
  handler: FunctionHandler;
  /** What calls it. */
  trigger: FunctionTrigger;
  /** Where its result goes. */
  return?: FunctionOutput;
  /** What it gets beside, by `context.extraInputs.get`. */
  extraInputs?: FunctionInput[];
  /** What it gives beside, by `context.extraOutputs.set`. */
  extraOutputs?: FunctionOutput[];
}

/** A stretch of time. */
export interface Duration {
  /** Hours of it. */
  hours?: number;
  /** Minutes of it. */
  minutes?: number;
  /** Seconds of it. */
  seconds?: number;
  /** Milliseconds of it. */
  milliseconds?: number;
}

/** How a failed function is tried again: after the same time each time. */
export interface FixedDelayRetryOptions {
  /** The kind. */
  strategy: 'fixedDelay';
  /** How often; -1: for ever. */
  maxRetryCount: number;
  /** The wait between two attempts; a number is milliseconds. */
  delayInterval: Duration | number;
}

/** How a failed function is tried again: after longer and longer times. */
export interface ExponentialBackoffRetryOptions {
  /** The kind. */
  strategy: 'exponentialBackoff';
  /** How often; -1: for ever. */
  maxRetryCount: number;
  /** The first wait; a number is milliseconds. */
  minimumInterval: Duration | number;
  /** The longest wait; a number is milliseconds. */
  maximumInterval: Duration | number;
}

/** How a failed function is tried again. */
export type RetryOptions = FixedDelayRetryOptions | ExponentialBackoffRetryOptions;

/** A function of any trigger, as it is registered. */
export interface GenericFunctionOptions extends FunctionOptions {
  /** How it is tried again when it fails. */
  retry?: RetryOptions;
}

/** A trigger of any kind. */
export interface GenericTriggerOptions extends Record<string, unknown> {
  /** Its kind. */
  type: string;
}

/** An input of any kind. */
export interface GenericInputOptions extends Record<string, unknown> {
  /** Its kind. */
  type: string;
}

/** An output of any kind. */
export interface GenericOutputOptions extends Record<string, unknown> {
  /** Its kind. */
  type: string;
}

/** The levels of log lines. */
export type LogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';

/** A binding with a name: its own, or one that is the same in every process. */
export function named<T extends { readonly type: string; readonly name?: unknown }>(
  binding: T,
  suffix: 'Trigger' | 'Input' | 'Output',
): T & { name: string } {
  if (typeof binding.name === 'string' && binding.name !== '') return binding as T & { name: string };
  const kind = binding.type.toLowerCase().endsWith(suffix.toLowerCase()) ? binding.type : `${binding.type}${suffix}`;
  return { ...binding, name: `${kind}${hashOf(JSON.stringify(binding))}` };
}

function hashOf(text: string): string {
  let hash = 5381;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 33) ^ text.charCodeAt(at)) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
