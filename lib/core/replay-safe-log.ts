import type { Execution } from './execution.js';

/** What a line of the log says beside its text. */
export type OrchestrationLogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * The log of an orchestrator: it is silent while code is replayed, so each line is told once, as long as no process dies
 * while it tells it. It never throws, and gives nothing back.
 *
 * @example
 * ```ts
 * import { OrchestrationContext, type Orchestration } from 'perdure';
 *
 * export function* charge(ctx: OrchestrationContext, card: string): Orchestration<void> {
 *   ctx.log.info('Charging', { card });
 *   yield* ctx.callActivity('charge', card);
 *   ctx.log.info('Charged', { card }); // told when the activity has ended, and not again when this code is replayed
 * }
 * ```
 */
export abstract class OrchestrationLog {
  /** Detail for whoever looks for a fault. */
  abstract debug(message: string, fields?: OrchestrationLogFields): void;
  /** What happens in the course of things. */
  abstract info(message: string, fields?: OrchestrationLogFields): void;
  /** What somebody should know of, while it goes on by itself. */
  abstract warn(message: string, fields?: OrchestrationLogFields): void;
  /** What somebody has to look into. */
  abstract error(message: string, fields?: OrchestrationLogFields): void;
}

/** How much a line matters. */
export type LogLevel = keyof OrchestrationLog;

/** Takes a line. */
export type Log = (level: LogLevel, message: string, fields: OrchestrationLogFields) => void;

/** Hands lines on unless they were told before. R5: whoever takes them cannot disturb the code. */
export class ReplaySafeLog extends OrchestrationLog {
  readonly #execution: Pick<Execution, 'isReplaying'>;
  readonly #log: Log | undefined;

  constructor(execution: Pick<Execution, 'isReplaying'>, log: Log | undefined) {
    super();
    this.#execution = execution;
    this.#log = log;
  }

  debug(message: string, fields?: OrchestrationLogFields): void {
    this.#tell('debug', message, fields);
  }

  info(message: string, fields?: OrchestrationLogFields): void {
    this.#tell('info', message, fields);
  }

  warn(message: string, fields?: OrchestrationLogFields): void {
    this.#tell('warn', message, fields);
  }

  error(message: string, fields?: OrchestrationLogFields): void {
    this.#tell('error', message, fields);
  }

  #tell(level: LogLevel, message: string, fields: OrchestrationLogFields = {}): void {
    if (this.#execution.isReplaying) return;
    try {
      this.#log?.(level, message, { ...fields });
    } catch {
      // A logger that throws here and not on replay would make the code do something else.
    }
  }
}
