/**
 * An error of the framework.
 *
 * @example
 * ```ts
 * import * as df from 'perdure/durable-functions';
 *
 * export const isOfTheFramework = (error: unknown): boolean => error instanceof df.DurableError;
 * ```
 */
export class DurableError extends Error {
  /** With a message. */
  constructor(message: string | undefined) {
    super(message);
    this.name = 'DurableError';
  }
}

/**
 * What the original declares for failures of several tasks; `Task.all` fails with the first error, and not with this.
 *
 * @example
 * ```ts
 * import * as df from 'perdure/durable-functions';
 *
 * export const messagesOf = (error: df.AggregatedError): string[] => error.errors.map(({ message }) => message);
 * ```
 */
export class AggregatedError extends Error {
  /** The errors. */
  errors: Error[];

  /** Of several errors. */
  constructor(errors: Error[]) {
    const texts = errors.map(({ name, message, stack }) => `Name: ${name}\nMessage: ${message}\nStackTrace: ${stack}`);
    super(
      `context.df.Task.all() encountered the below error messages:\n\n${texts.join('\n-----------------------------------\n')}`,
    );
    this.errors = errors;
  }
}
