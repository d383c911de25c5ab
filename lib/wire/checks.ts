import { namePatterns } from '../core/name-patterns.js';
import { InvalidHubError, InvalidIdError, InvalidNameError } from '../errors.js';
import { controlCharacterAt, isWellFormed, typeName, utf8Length } from './text.js';

/** The longest instance id, entity key or event name, in bytes of UTF-8. */
export const maxIdBytes = 256;

/** What has a name of its own. */
export type NameKind =
  | 'entity'
  | 'orchestrator'
  | 'activity'
  | 'operation'
  | 'query'
  | 'update'
  | 'event'
  | 'patch'
  | 'reminder'
  | 'version';

/**
 * The id itself when it may name an orchestration instance: well-formed text of 1 to 256 bytes of UTF-8, without
 * control characters and `/ \ # ?`, not starting with `@`. Nothing is normalised: two spellings are two ids.
 * Throws InvalidIdError.
 */
export function checkInstanceId(id: unknown): string {
  const checked = checkId(id, 'instance id');
  if (checked.startsWith('@')) throw invalidId('instance id', 'must not start with @, which marks entities');
  return checked;
}

/** The id itself when it may be that of a run: 1 to 64 of `A-Z a-z 0-9 _ -`. Throws InvalidIdError. */
export function checkRunId(runId: unknown): string {
  if (typeof runId === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(runId)) return runId;
  throw invalidId('id of a run', 'must be 1 to 64 of A-Z a-z 0-9 _ -');
}

/** The key itself when it may name an entity: as `checkInstanceId`, but it may start with `@`. Throws InvalidIdError. */
export function checkEntityKey(key: unknown): string {
  return checkId(key, 'entity key');
}

function checkId(id: unknown, kind: string): string {
  const wrong = textFault(id, maxIdBytes) ?? forbiddenCharacter(id as string);
  if (wrong !== undefined) throw invalidId(kind, wrong);
  return id as string;
}

function forbiddenCharacter(id: string): string | undefined {
  for (let at = 0; at < id.length; at++) {
    const character = id.charAt(at);
    if (character === '/' || character === '\\' || character === '#' || character === '?')
      return `character not allowed: ${character} at ${at} (nor are / \\ # ? elsewhere)`;
  }
  return undefined;
}

/** Throws InvalidIdError unless an id can travel with a message: 1 to 256 printable ASCII characters without spaces. */
export function checkMessageId(id: string): void {
  if (!/^[!-~]{1,256}$/.test(id))
    throw new InvalidIdError('A message id must be 1 to 256 printable ASCII characters without spaces');
}

const hubPattern = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * The name itself when it may be one of its kind. Entities and orchestrators: a letter, then up to 63 letters, digits,
 * `_` or `-`. Activities: the same with dots, up to 128. Operations, queries and updates: any method name up to 128 bytes.
 * Events, patches and reminders: any text up to 256 bytes. Throws InvalidNameError.
 */
export function checkName(name: unknown, kind: NameKind): string {
  const wrong =
    kind === 'operation' || kind === 'query' || kind === 'update'
      ? textFault(name, 128)
      : kind === 'event' || kind === 'patch' || kind === 'reminder'
        ? textFault(name, maxIdBytes)
        : patternFault(name, namePatterns[kind]);
  if (wrong !== undefined) throw new InvalidNameError(`Invalid ${kind} name: ${wrong}`);
  return name as string;
}

/** The name itself when it may name a task hub: 1 to 64 letters, digits, `_` or `-`. Throws InvalidHubError. */
export function checkHubName(name: unknown): string {
  const wrong = patternFault(name, hubPattern);
  if (wrong !== undefined) throw new InvalidHubError(`Invalid task hub name: ${wrong}`);
  return name as string;
}

/** Why a value is not text of 1 to `limit` bytes without control characters, or undefined. */
export function textFault(value: unknown, limit: number): string | undefined {
  if (typeof value !== 'string') return `must be a string, got ${typeName(value)}`;
  if (value === '') return 'empty';
  const bytes = utf8Length(value);
  if (bytes > limit) return `too long (${bytes} > ${limit}), counted in bytes of UTF-8`;
  if (!isWellFormed(value)) return 'malformed Unicode: a surrogate without its partner';
  const control = controlCharacterAt(value);
  return control < 0 ? undefined : `control character at ${control}`;
}

function patternFault(value: unknown, pattern: RegExp): string | undefined {
  if (typeof value !== 'string') return `must be a string, got ${typeName(value)}`;
  return pattern.test(value) ? undefined : `${shown(value)} does not match ${pattern.source}`;
}

/** A user's text inside an error's: quoted, control characters escaped, never long. */
function shown(text: string): string {
  return JSON.stringify(text.length <= 64 ? text : `${text.slice(0, 63)}…`);
}

function invalidId(kind: string, reason: string): InvalidIdError {
  return new InvalidIdError(`Invalid ${kind}: ${reason}`);
}
