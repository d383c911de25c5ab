import { freeze } from 'immer';
import { ClosedError, ReadonlyOperationError, UnknownOperationError } from '../errors.js';
import type { CoreDependencies } from './dependencies.js';
import { toFailureDetails } from './failure.js';
import type { EntityId } from './history.js';
import { isThenable } from './illegal-await.js';
import type { OperationOutcome, OperationRequest } from './operation.js';
import { OperationContext } from './operation-context.js';
import type { EntityProgram, OperationProgram } from './programs.js';
import { StateDraft } from './state-draft.js';
import { migrated } from './state-migration.js';
import type { Json } from './values.js';

/**
 * Runs the operations of one entity: one at a time, but readonly ones may run beside.
 *
 * S1. Committed state is plain, deeply frozen JSON. An operation changes a draft of it, which ends with the operation.
 * S2. An operation that throws, or whose result or state cannot be stored, changes nothing and sends nothing.
 * S3. Each operation gets an object of the user's class of its own, so `#private` members work, and code that goes on
 *     after its operation has ended reaches no later one (docs/adr/0015). Only `state` is durable.
 * S4. A committed state of an older version is migrated before an operation sees it, and is committed in its new form with the
 *     first operation that ends well and is not readonly.
 */
export class EntityExecutor {
  readonly #program: EntityProgram;
  readonly #id: EntityId;
  readonly #dependencies: CoreDependencies;
  /** What is committed; undefined: the entity does not exist. */
  #state: Json | undefined;
  /** The version of that state's schema. */
  #version: number;
  /** That state as this code has it, once one of an older version was needed. */
  #migrated: Json | undefined;
  /** Of the operation that is under way. */
  #context: OperationContext | undefined;

  constructor(program: EntityProgram, id: EntityId, dependencies: CoreDependencies) {
    this.#program = program;
    this.#id = id;
    this.#dependencies = dependencies;
    this.#version = program.stateVersion;
  }

  /** Takes over a stored state and its version; undefined for an entity that does not exist. */
  load(state: Json | undefined, version = this.#program.stateVersion): void {
    this.#state = freeze(state, true);
    this.#version = version;
    this.#migrated = undefined;
  }

  /**
   * Runs an operation. The outcome is there at once, unless user code returned a thenable. What user code throws is the
   * outcome's failure.
   */
  execute(request: OperationRequest): OperationOutcome | Promise<OperationOutcome> {
    const operation = this.#program.operation(request.name);
    if (operation === undefined)
      return this.#refused(new UnknownOperationError(this.#program.name, request.name, this.#program.operationNames));
    const isNew = this.#state === undefined;
    const context = new OperationContext(this.#id, request, operation, this.#dependencies, isNew);
    const outcome = operation.isReadonly
      ? this.#read(operation, request, context)
      : this.#write(operation, request, context);
    if (outcome instanceof Promise) this.#context = context;
    return outcome;
  }

  /** Gives the running operation up: it has failed with this error, and what it still does reaches nobody. */
  abandon(error: Error): OperationOutcome {
    this.#context?.abandon(error);
    return this.#refused(error);
  }

  /** Over a draft, like any other: only the end tells for sure whether something was changed. */
  #read(operation: OperationProgram, request: OperationRequest, context: OperationContext) {
    let draft: StateDraft | undefined;
    return attempt(
      () => {
        const reader = this.#program.create();
        draft = new StateDraft(this.#current ?? this.#stored(reader.state), reader);
        return operation.invoke(reader, request.input, context);
      },
      (result) => {
        const encoded = this.#result(result);
        if (draft?.hasChanged((state) => this.#stored(state)) ?? false)
          throw new ReadonlyOperationError(this.#program.name, request.name);
        return { changed: false, state: this.#state, ...encoded, messages: this.#close(context) };
      },
      (error) => {
        draft?.discard();
        return this.#failed(error, context);
      },
    );
  }

  #write(operation: OperationProgram, request: OperationRequest, context: OperationContext) {
    let draft: StateDraft | undefined;
    return attempt(
      () => {
        const writer = this.#program.create();
        draft = new StateDraft(this.#current ?? this.#stored(writer.state), writer);
        return operation.invoke(writer, request.input, context);
      },
      (result) => {
        if (context.isClosed) throw new ClosedError('The operation was given up.');
        const encoded = this.#result(result); // before the draft ends: it may be the result
        const changed = context.deletesState ? this.#delete(draft) : this.#commit(draft);
        const reminders = context.remindersOf(this.#state === undefined && changed);
        return {
          changed,
          state: this.#state,
          ...encoded,
          messages: this.#close(context),
          ...(reminders && { reminders }),
        };
      },
      (error) => {
        draft?.discard();
        return this.#failed(error, context);
      },
    );
  }

  /** The committed state, migrated when it is of an older version. Throws StateMigrationError and StateTooNewError. */
  get #current(): Json | undefined {
    if (this.#state === undefined || this.#version === this.#program.stateVersion) return this.#state;
    const { values } = this.#dependencies;
    this.#migrated ??= freeze(migrated(this.#state, this.#version, this.#program, this.#id, values), true);
    return this.#migrated;
  }

  #delete(draft: StateDraft | undefined): boolean {
    draft?.discard();
    const existed = this.#state !== undefined;
    this.load(undefined);
    return existed;
  }

  /** Whether the committed state is another now; one that was migrated is. */
  #commit(draft: StateDraft | undefined): boolean {
    const before = this.#state;
    this.load(draft?.finish((state) => this.#stored(state)));
    return this.#state !== before; // an unchanged state is the same object
  }

  #stored(state: unknown): Json | undefined {
    return freeze(this.#dependencies.values.encode(state), true);
  }

  #result(value: unknown): { readonly result?: Json } {
    const result = this.#dependencies.values.encode(value);
    return result === undefined ? {} : { result };
  }

  #failed(error: unknown, context: OperationContext): OperationOutcome {
    this.#close(context);
    return this.#refused(error);
  }

  /** What it has sent; an entity that rests keeps no context in memory. */
  #close(context: OperationContext): OperationOutcome['messages'] {
    if (this.#context === context) this.#context = undefined;
    return context.close();
  }

  #refused(error: unknown): OperationOutcome {
    return { failure: toFailureDetails(error), changed: false, state: this.#state, messages: [] };
  }
}

/** Calls user code and turns what it returns, resolves to or throws into an outcome, at once when that is possible. */
function attempt(
  call: () => unknown,
  end: (result: unknown) => OperationOutcome,
  fail: (error: unknown) => OperationOutcome,
): OperationOutcome | Promise<OperationOutcome> {
  try {
    const returned = call();
    if (isThenable(returned)) return Promise.resolve(returned).then(end).catch(fail);
    return end(returned);
  } catch (error) {
    return fail(error);
  }
}
