import { toFailureDetails } from './failure.js';
import { valueOutcome } from './handlers.js';
import type { InboundEvent, UpdateRequested } from './history.js';
import { disown, illegalOutput, illegalWait, illegalYield } from './illegal-await.js';
import { TaskNode, type TaskParent } from './task-node.js';
import type { HandlerOutcome, Turn, UpdateAnswer } from './turn.js';
import type { ValueCodec } from './values.js';

/**
 * The updates of an execution whose handlers wait: generators beside that of `run`, on the same object.
 *
 * U1. A handler runs to its first wait in the turn of its update, before `run` sees that.
 * U2. Of all that a turn lets go on, handlers go first, in the order in which what they wait for has ended, and `run` behind
 *     them: what a handler comes to is told even if `run` ends in the same turn.
 * U3. What a handler throws is its own outcome, and nobody else's.
 */
export class WaitingUpdates {
  readonly #values: ValueCodec;
  readonly #open = new Set<Handler>();
  #ready: Handler[] = [];
  #ended: { readonly event: UpdateRequested; readonly outcome: HandlerOutcome }[] = [];

  constructor(values: ValueCodec) {
    this.#values = values;
  }

  /** Runs a handler to its first wait; `endTurn` has what it comes to. */
  begin(event: UpdateRequested, generator: Generator<unknown, unknown, unknown>): void {
    const handler = new Handler(event, generator, {
      ready: () => this.#ready.push(handler),
      ended: (outcome) => {
        this.#open.delete(handler);
        this.#ended.push({ event, outcome });
      },
      outcomeOf: (output) => valueOutcome(this.#values, output, illegalOutput),
    });
    this.#open.add(handler);
    handler.step(() => generator.next());
  }

  get areReady(): boolean {
    return this.#ready.length > 0;
  }

  /** Lets those go on whose tasks have ended, until none has. */
  resume(): void {
    for (let handler = this.#ready.shift(); handler; handler = this.#ready.shift()) handler.resume();
  }

  /** Nobody waits for anything any more, for `error` is to be thrown; the result throws it where each of them waited. */
  interrupt(error: Error): () => void {
    const waiting = [...this.#open];
    for (const handler of waiting) handler.leave();
    this.#ready = [];
    return () => {
      for (const handler of waiting) handler.throw(error);
    };
  }

  /** Those that wait for what cannot end any more fail. */
  refuseEndlessWaits(): void {
    for (const handler of this.#open) if (handler.isStuck) handler.fail(illegalWait());
  }

  /** What handlers have come to in the turn of an event, and whether that of this very update goes on waiting. */
  endTurn(event: InboundEvent): Pick<Turn, 'update' | 'waits' | 'answers'> {
    const waits = event.type === 'UpdateRequested' && this.#waits(event);
    if (this.#ended.length === 0) return waits ? { waits } : nothingEnded;
    const ended = this.#ended;
    this.#ended = [];
    const own = ended.find((one) => one.event === event);
    const answers = ended.filter((one) => one !== own).map(answerOf);
    return { ...(own && { update: own.outcome }), ...(waits && { waits }), ...(answers.length > 0 && { answers }) };
  }

  #waits(update: UpdateRequested): boolean {
    for (const { event } of this.#open) if (event === update) return true;
    return false;
  }
}

const nothingEnded = {} as const;

/** What becomes of a handler. */
interface HandlerListener {
  /** What it waits for has ended. */
  ready(): void;
  ended(outcome: HandlerOutcome): void;
  /** Throws for an output that is no value, or cannot be stored. */
  outcomeOf(output: unknown): HandlerOutcome;
}

/** The generator of one update. */
class Handler implements TaskParent {
  readonly #generator: Generator<unknown, unknown, unknown>;
  readonly #listener: HandlerListener;
  #awaited: TaskNode<unknown> | undefined;

  constructor(
    readonly event: UpdateRequested,
    generator: Generator<unknown, unknown, unknown>,
    listener: HandlerListener,
  ) {
    this.#generator = generator;
    this.#listener = listener;
  }

  get isStuck(): boolean {
    return this.#awaited?.isDead ?? false;
  }

  childCompleted(): void {
    this.#listener.ready();
  }

  resume(): void {
    const ended = this.#awaited;
    if (!ended?.outcome) return;
    ended.seen();
    this.leave();
    const { outcome } = ended;
    this.step(() => ('error' in outcome ? this.#generator.throw(outcome.error) : this.#generator.next(outcome.value)));
  }

  throw(error: Error): void {
    this.step(() => this.#generator.throw(error));
  }

  leave(): void {
    this.#awaited?.detach(this);
    this.#awaited = undefined;
  }

  /** Runs a piece of it, to its next wait or its end. */
  step(run: () => IteratorResult<unknown, unknown>): void {
    try {
      const { done, value } = run();
      if (done) return this.#listener.ended(this.#listener.outcomeOf(value));
      if (!(value instanceof TaskNode)) {
        disown(value);
        throw illegalYield(value);
      }
      if (value.isDead) throw illegalWait();
      this.#awaited = value;
      value.attach(this);
    } catch (error) {
      this.fail(error);
    }
  }

  /** It comes to this, and its code does not go on. */
  fail(error: unknown): void {
    this.leave();
    this.#listener.ended({ failure: toFailureDetails(error) });
  }
}

function answerOf({
  event: { name, updateId, reply },
  outcome,
}: {
  readonly event: UpdateRequested;
  readonly outcome: HandlerOutcome;
}): UpdateAnswer {
  const update = { name, ...(updateId !== undefined && { updateId }), ...(reply !== undefined && { reply }) };
  return { update, outcome };
}
