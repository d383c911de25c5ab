/**
 * Every error a user of Perdure can meet, told apart by who must act:
 * definition errors (the programmer, at start-up), caller errors (whoever sent the input), configuration errors
 * (whoever runs the server), failures (happened elsewhere and travelled as data) and operational errors.
 *
 * `switch` on `code`, never on text. Each code has a section in docs/reference/errors.md.
 */

export { PerdureError } from './errors/perdure-error.js';
export * from './errors/definition-error.js';
export * from './errors/caller-errors.js';
export * from './errors/configuration-errors.js';
export * from './errors/failures.js';
export * from './errors/lock-errors.js';
export * from './errors/operational-errors.js';
export * from './errors/http-errors.js';
export * from './errors/http-api-errors.js';
export * from './errors/compensation-error.js';
export * from './errors/schedule-errors.js';
export * from './errors/entity-errors.js';
