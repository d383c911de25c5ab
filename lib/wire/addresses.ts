import type { EntityId } from '../core/history.js';
import { InvalidIdError, InvalidNameError } from '../errors.js';
import { checkName } from './checks.js';
import { decodeId, encodeId } from './id-codec.js';
import type { Address } from './messages.js';

/** Whom an address names. */
export type Addressee =
  | { readonly kind: 'orchestration'; readonly instanceId: string }
  | { readonly kind: 'entity'; readonly entity: EntityId };

/** The address of an orchestration instance. Throws InvalidIdError. */
export function orchestrationAddress(instanceId: string): Address {
  return `o.${encodeId(instanceId, 'instance id')}`;
}

/** The address of an entity. Throws InvalidNameError or InvalidIdError. */
export function entityAddress(entity: EntityId): Address {
  return `e.${checkName(entity.name, 'entity')}.${encodeId(entity.key, 'entity key')}`;
}

export function isEntityAddress(address: Address): boolean {
  return address.startsWith('e.');
}

/** Whom an address names. Throws InvalidIdError for any text that is not an address. */
export function parseAddress(address: string): Addressee {
  const rest = address.slice(2);
  const dotAt = rest.indexOf('.');
  if (address.startsWith('o.') && dotAt < 0)
    return { kind: 'orchestration', instanceId: decodeId(rest, 'instance id') };
  if (isEntityAddress(address) && dotAt >= 0 && !rest.includes('.', dotAt + 1)) {
    const [name, key] = [rest.slice(0, dotAt), rest.slice(dotAt + 1)];
    return { kind: 'entity', entity: { name: entityName(name), key: decodeId(key, 'entity key') } };
  }
  throw new InvalidIdError('Not an address: neither o.<instance id> nor e.<entity name>.<entity key>');
}

function entityName(token: string): string {
  try {
    return checkName(token, 'entity');
  } catch (error) {
    if (error instanceof InvalidNameError)
      throw new InvalidIdError(`Not an address: ${error.message}`, { cause: error });
    throw error;
  }
}

/**
 * The partition of an address: FNV-1a 32 over its tokens joined without dots, modulo the number of partitions. This is
 * the hash of the server's own `partition()` subject mapping, so any language can compute it
 * (docs/reference/partition-hash.md). Tokens are ASCII, so characters are bytes.
 */
export function partitionOf(address: Address, partitions: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < address.length; at++) {
    const byte = address.charCodeAt(at);
    if (byte !== dot) hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return (hash >>> 0) % partitions;
}

const dot = 0x2e;
