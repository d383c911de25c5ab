import { ANY_OPERATION } from '../core/names.js';
import type { HubPorts } from '../engine/ports.js';
import { UnknownEntityError, UnknownOperationError, UnknownOrchestratorError } from '../errors.js';
import { isPublicName, isReservedName } from '../definitions/name-rule.js';
import { decodeKnownNames } from '../wire/answer-codec.js';
import { checkName } from '../wire/checks.js';
import type { KnownNames } from '../wire/queries.js';

/** Why a message for this name would reach nobody, or undefined. */
type Refusal = (known: KnownNames) => Error | undefined;

/**
 * The names that workers of the hub ever registered, so that a misspelt one is refused before anything is stored. They
 * are read once, and once more for a name that is not among them; a hub without names accepts every name.
 */
export class RegisteredNames {
  readonly #ports: HubPorts;
  #known: KnownNames | undefined;
  #reading: Promise<KnownNames | undefined> | undefined;

  constructor(ports: HubPorts) {
    this.#ports = ports;
  }

  /** Rejects with UnknownOrchestratorError; undefined when the name is known already. */
  checkOrchestrator(name: string): Promise<void> | undefined {
    return this.#check(({ orchestrators }) =>
      orchestrators.includes(name) ? undefined : new UnknownOrchestratorError(name, usersOwn(orchestrators)),
    );
  }

  /** Rejects with UnknownEntityError; undefined when the name is known already. */
  checkEntity(name: string): Promise<void> | undefined {
    return this.#check((known) => refuseEntity(known, name));
  }

  /** Rejects with UnknownEntityError or UnknownOperationError; undefined when both names are known already. */
  checkOperation(entity: string, operation: string): Promise<void> | undefined {
    return this.#check((known) => refuseEntity(known, entity) ?? refuseOperation(known, entity, operation));
  }

  /** Whether both names are known to be registered. */
  knowsOperation(entity: string, operation: string): boolean {
    const known = this.#known && operationsOf(this.#known, entity);
    return known !== undefined && takes(known, operation);
  }

  /** The name, when an operation can have it. Throws InvalidNameError or UnknownOperationError. */
  operationName(entity: string, operation: unknown): string {
    const name = checkName(operation, 'operation');
    if (!name.startsWith('#') && isPublicName(name)) return name;
    const hint = '. Names that begin with _ or #, and those that every object has, are never operations';
    throw new UnknownOperationError(entity, name, (this.#known && operationsOf(this.#known, entity)) ?? [], hint);
  }

  #check(refusal: Refusal): Promise<void> | undefined {
    return this.#known && !refusal(this.#known) ? undefined : this.#checkStored(refusal);
  }

  async #checkStored(refusal: Refusal): Promise<void> {
    const isUnderWay = this.#reading !== undefined;
    let known = await this.#readTogether();
    // What was being read already may be older than what its caller knows to be registered.
    if (isUnderWay && known && refusal(known)) known = await this.#readTogether();
    if (!known) return;
    this.#known = known;
    const error = refusal(known);
    if (error) throw error;
  }

  #readTogether(): Promise<KnownNames | undefined> {
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #read(): Promise<KnownNames | undefined> {
    const { store, logger, name } = this.#ports;
    const entry = await store.get('names');
    if (!entry) return undefined;
    try {
      return decodeKnownNames(entry.value, 'The list of registered names');
    } catch (error) {
      logger.warn(`No name is refused: ${(error as Error).message}`, { instance: name });
      return undefined;
    }
  }
}

function refuseEntity(known: KnownNames, name: string): Error | undefined {
  return operationsOf(known, name) ? undefined : new UnknownEntityError(name, usersOwn(Object.keys(known.entities)));
}

function usersOwn(names: readonly string[]): readonly string[] {
  return names.filter((name) => !isReservedName(name));
}

function refuseOperation(known: KnownNames, entity: string, name: string): Error | undefined {
  const operations = operationsOf(known, entity) ?? [];
  return takes(operations, name) ? undefined : new UnknownOperationError(entity, name, operations);
}

function takes(operations: readonly string[], name: string): boolean {
  return operations.includes(name) || operations.includes(ANY_OPERATION);
}

function operationsOf({ entities }: KnownNames, entity: string): readonly string[] | undefined {
  return Object.hasOwn(entities, entity) ? entities[entity] : undefined;
}
