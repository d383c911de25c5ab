import 'reflect-metadata';
import type { Constructor } from '../core/values.js';
import type { VersionMatchStrategy } from '../core/orchestrator-version.js';
import type { ActivityOptions, OperationOptions, QueryOptions, RunOptions, UpdateOptions } from './definition.js';

/** What decorators wrote about one class, without its base classes. */
export interface ClassRecord {
  entity?: string;
  mailboxLimit?: number | undefined;
  stateVersion?: number | undefined;
  keepHistory?: number | undefined;
  orchestrator?: string;
  version?: string | undefined;
  versionMatchStrategy?: VersionMatchStrategy | undefined;
  /** How long instances are kept once they have ended, in milliseconds. */
  retention?: number;
  run?: RunOptions;
  /** The method that carries out every operation that is not declared. */
  dispatcher?: string;
  readonly operations: Map<string, OperationOptions>;
  readonly activities: Map<string, ActivityOptions>;
  readonly queries: Map<string, QueryOptions>;
  readonly updates: Map<string, UpdateOptions>;
}

/** The decorators of which a class may have many. */
export type HandlerKind = 'operations' | 'activities' | 'queries' | 'updates';

/** Global, so that a second copy of this package in one process reads what the first one wrote. */
const key = Symbol.for('perdure:class-record');

/** The record of the class with this prototype, made at first use. */
export function recordOf(prototype: object): ClassRecord {
  const found = ownRecord(prototype);
  if (found) return found;
  const record = { operations: new Map(), activities: new Map(), queries: new Map(), updates: new Map() };
  Reflect.defineMetadata(key, record, prototype);
  return record;
}

/** The record of the class itself, if anything was written about it. */
export function ownRecord(prototype: object): ClassRecord | undefined {
  return Reflect.getOwnMetadata(key, prototype) as ClassRecord | undefined;
}

/** The handlers of the class and of its base classes; the nearest class wins. */
export function inheritedHandlers<K extends HandlerKind>(type: Constructor, kind: K): ClassRecord[K] {
  const handlers = new Map<string, ActivityOptions & OperationOptions>();
  for (const prototype of prototypesOf(type.prototype as object).reverse())
    for (const [name, options] of ownRecord(prototype)?.[kind] ?? []) handlers.set(name, options);
  return handlers;
}

/** How `run` was recorded, by the class or the nearest base class. */
export function inheritedRun(type: Constructor): RunOptions | undefined {
  for (const prototype of prototypesOf(type.prototype as object)) {
    const run = ownRecord(prototype)?.run;
    if (run) return run;
  }
  return undefined;
}

/** The prototype and those it inherits from, nearest first, without Object's. */
export function prototypesOf(prototype: object): object[] {
  const prototypes: object[] = [];
  for (
    let at: object | null = prototype;
    at && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  )
    prototypes.push(at);
  return prototypes;
}
