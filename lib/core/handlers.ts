import { DefinitionError, IllegalAwaitError, UnknownQueryError, UnknownUpdateError } from '../errors.js';
import { toFailureDetails } from './failure.js';
import type { InboundEvent, UpdateRequested } from './history.js';
import { disown, isAsync, isGenerator } from './illegal-await.js';
import type { OrchestrationContext } from './orchestration-context.js';
import type { OrchestratorProgram } from './programs.js';
import { TaskNode } from './task-node.js';
import type { HandlerOutcome, Turn } from './turn.js';
import type { Json, ValueCodec } from './values.js';

/**
 * An update as it is recorded: with what the class of its input adds by initializers, made once, so that every replay sees
 * the same. Throws UnknownUpdateError and InvalidInputError: then it is not recorded, and no code has run.
 */
export function acceptedUpdate(program: OrchestratorProgram, event: UpdateRequested): UpdateRequested {
  const handler = program.updates.get(event.name);
  if (!handler) throw new UnknownUpdateError(program.name, event.name, [...program.updates.keys()]);
  const { input: sent, ...rest } = event;
  const input = handler.accept(sent);
  return { ...rest, ...(input !== undefined && { input }) };
}

/**
 * Runs the handler of an accepted update; what it throws is its outcome. One that is a generator is handed to `waits`, and has
 * no outcome yet.
 */
export function runUpdate(
  program: OrchestratorProgram,
  target: object,
  { name, input }: UpdateRequested,
  context: OrchestrationContext,
  values: ValueCodec,
  waits: (generator: Generator<unknown, unknown, unknown>) => void,
): HandlerOutcome | undefined {
  let generator: Generator<unknown, unknown, unknown> | undefined;
  const outcome = outcomeOf(values, `update "${name}"`, () => {
    const handler = program.updates.get(name);
    if (!handler) throw new UnknownUpdateError(program.name, name, [...program.updates.keys()]);
    const returned = handler.invoke(target, input, context);
    if (!isGenerator(returned)) return returned;
    generator = returned;
    return undefined;
  });
  if (!generator) return outcome;
  waits(generator);
  return undefined;
}

/** Runs the handler of a query; what it throws is its outcome. `target` is missing when its constructor threw. */
export function runQuery(
  program: OrchestratorProgram,
  target: object | undefined,
  name: string,
  input: Json | undefined,
  values: ValueCodec,
): HandlerOutcome {
  return outcomeOf(values, `query "${name}"`, () => {
    const handler = program.queries.get(name);
    if (!handler) throw new UnknownQueryError(program.name, name, [...program.queries.keys()]);
    if (!target)
      throw new DefinitionError(`There is no object of orchestrator "${program.name}" to ask: its constructor threw.`);
    return handler.invoke(target, input);
  });
}

/** An event as the history keeps it: of an update that it failed or waits, and where its caller listens only if it waits. */
export function recordedEvent(event: InboundEvent, { update, waits }: Turn): InboundEvent {
  if (event.type !== 'UpdateRequested') return event;
  if (waits) return { ...event, waits };
  const { reply: _, waits: _w, ...rest } = event;
  return update && 'failure' in update ? { ...rest, failure: update.failure } : rest;
}

/** A handler's output as its outcome. Throws what `refuse` makes for one to wait for, and for one that cannot be stored. */
export function valueOutcome(values: ValueCodec, output: unknown, refuse: () => Error): HandlerOutcome {
  if (isAsync(output) || output instanceof TaskNode) {
    disown(output);
    throw refuse();
  }
  const result = values.encode(output);
  return result === undefined ? {} : { result };
}

function outcomeOf(values: ValueCodec, what: string, call: () => unknown): HandlerOutcome {
  try {
    return valueOutcome(values, call(), () => {
      return new IllegalAwaitError(
        `The ${what} returned something to wait for, but it is answered at once. An update that is a generator may wait for it.`,
      );
    });
  } catch (error) {
    return { failure: toFailureDetails(error) };
  }
}
