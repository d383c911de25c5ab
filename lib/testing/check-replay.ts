import type { HistoryEvent } from '../core/history.js';
import type { OrchestratorCatalog } from '../core/orchestrator-catalog.js';
import type { OrchestratorObject } from '../core/proxies.js';
import { rebuild } from '../core/rebuild.js';
import type { Constructor } from '../core/values.js';
import { names } from '../definitions/names.js';
import { Registry } from '../definitions/registry.js';
import { CorruptHistoryError, PerdureError } from '../errors.js';
import { checkInputType } from '../validation/check-input-type.js';
import { isDto } from '../validation/dto-plan.js';
import { isDateField } from '../validation/field-type.js';
import { revive } from '../validation/revive.js';
import * as ids from '../wire/checks.js';
import { readHistory } from '../wire/history-codec.js';
import { createValueCodec } from '../wire/value-codec.js';
import { referencesIn } from '../wire/value-references.js';

/** What one execution of an orchestration instance has lived through, as it may be kept in a JSON file. */
export interface StoredHistory {
  /** The instance's id, on which what the code does may depend. */
  readonly instanceId: string;
  /** All events of the execution, as `OrchestrationHandle.history()` gives them. */
  readonly history: readonly HistoryEvent[];
}

/** What became of a history under the code at hand. */
export interface ReplayCheck {
  /** The instance's id, as given. */
  readonly instanceId: string;
  /** The orchestrator's name; undefined when the history does not tell. */
  readonly name: string | undefined;
  /** The version that the execution began with; undefined: none. */
  readonly version: string | undefined;
  /**
   * Undefined when the code goes on from there. NonDeterminismError: it does something else than the history says, and a
   * worker would suspend the instance. UnknownOrchestratorError: no class has the name and the version.
   * VersionTooNewError: only a later version of this package can replay it. CorruptHistoryError: it is no history.
   */
  readonly error: PerdureError | undefined;
}

/**
 * Replays stored histories against the orchestrators as they are now, without server, time or waiting: what a worker does
 * with an instance that it loads. Run it over histories of running instances before you deploy. One result for each history,
 * in order.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { readFileSync } from 'node:fs';
 * import { OrchestrationContext, TaskHubClient, type Orchestration } from 'perdure';
 * import { Orchestrator, Run } from 'perdure/decorators';
 * import { checkReplay, type StoredHistory } from 'perdure/testing';
 *
 * @Orchestrator('greeting')
 * class Greeting {
 *   @Run() *run(name: string, ctx: OrchestrationContext): Orchestration<string> {
 *     return yield* ctx.callActivity<string>('hello', name);
 *   }
 * }
 *
 * export async function store(client: TaskHubClient, instanceId: string): Promise<string> {
 *   const history = await client.getHandle(instanceId).history();
 *   return JSON.stringify({ instanceId, history } satisfies StoredHistory);
 * }
 *
 * const stored = JSON.parse(readFileSync('histories/greetings.json', 'utf8')) as StoredHistory[];
 * for (const { error } of checkReplay(stored, [Greeting])) assert.ifError(error);
 * ```
 *
 * @throws {DefinitionError} when a class cannot work as written, or two are the same version of one orchestrator
 * @throws {InvalidNameError} for a name or a version that is none
 */
export function checkReplay(
  histories: Iterable<StoredHistory>,
  orchestrators: readonly Constructor<OrchestratorObject>[],
): readonly ReplayCheck[] {
  const values = createValueCodec({ revive, isDto, isDateField });
  const catalog = new Registry({ orchestrators }, { values, checkInput: checkInputType }).orchestrators;
  return Array.from(histories, (stored) => check(stored, catalog, { values, names, ids }));
}

function check(
  { instanceId, history }: StoredHistory,
  catalog: OrchestratorCatalog,
  dependencies: Parameters<typeof rebuild>[1],
): ReplayCheck {
  const [first] = Array.isArray(history) ? (history as readonly (Partial<HistoryEvent> | undefined)[]) : [];
  const { name, version } = first?.type === 'ExecutionStarted' ? first : {};
  try {
    const events = wholeHistory(instanceId, history);
    rebuild(catalog.demand(events[0]), dependencies, { instanceId }, events);
    return { instanceId, name, version, error: undefined };
  } catch (error) {
    if (error instanceof PerdureError) return { instanceId, name, version, error };
    throw error;
  }
}

type FirstEvent = Extract<HistoryEvent, { type: 'ExecutionStarted' }>;

function wholeHistory(instanceId: string, stored: unknown): readonly [FirstEvent, ...HistoryEvent[]] {
  const where = `The history of "${instanceId}"`;
  const [first, ...rest] = readHistory(stored, where);
  if (first?.type !== 'ExecutionStarted')
    throw new CorruptHistoryError(`${where} does not begin with ExecutionStarted: give all of it.`);
  if ([first, ...rest].some((event) => referencesIn(event).length > 0))
    throw new CorruptHistoryError(`${where} has values that are elsewhere: read it by OrchestrationHandle.history().`);
  return [first, ...rest];
}
