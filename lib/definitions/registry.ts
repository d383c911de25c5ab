import { OrchestratorCatalog } from '../core/orchestrator-catalog.js';
import { versionedName } from '../core/orchestrator-version.js';
import type { EntityProgram, OrchestratorProgram } from '../core/programs.js';
import type { OrchestratorObject } from '../core/proxies.js';
import type { Constructor, InputType, ValueCodec } from '../core/values.js';
import { DefinitionError } from '../errors.js';
import { checkIsList, checkIsObject } from './class-kind.js';
import { checkInitialState } from './entity-definition.js';
import { isReservedName } from './name-rule.js';
import { names } from './names.js';
import { boundActivity, entityProgram, orchestratorProgram, type BoundActivity } from './programs.js';

/** What a worker hosts. Names are unique within their kind; each class is checked before the worker takes anything. */
export interface Hosted {
  /** Classes with `@Entity`, whose constructors take no arguments. */
  readonly entities?: readonly Constructor<{ state: unknown }>[] | undefined;
  /** Classes with `@Orchestrator`, whose constructors take no arguments; of one name several versions. */
  readonly orchestrators?: readonly Constructor<OrchestratorObject>[] | undefined;
  /** Objects whose classes have `@Activity` methods; made by the caller, so their constructors may take arguments. */
  readonly activities?: readonly object[] | undefined;
}

/** What the registry needs of the layers beside it. */
export interface RegistryPorts {
  readonly values: ValueCodec;
  /** Throws DefinitionError when no value of the type could be received by `target`. */
  checkInput(type: InputType, target: string): void;
}

/**
 * Everything a worker hosts, by registered name and ready to run. Making it checks all of it: throws DefinitionError or
 * InvalidNameError for the first thing that could not work, before any message is taken.
 */
export class Registry {
  readonly entities: ReadonlyMap<string, EntityProgram>;
  readonly orchestrators: OrchestratorCatalog;
  readonly activities: ReadonlyMap<string, BoundActivity>;
  readonly #ports: RegistryPorts;

  /** `builtIn`: what every such worker hosts, under names that are reserved. */
  constructor(hosted: Hosted, ports: RegistryPorts, builtIn: Hosted = {}) {
    this.#ports = ports;
    this.entities = both(this.#entities(hosted.entities ?? []), this.#entities(builtIn.entities ?? []));
    const orchestrators = both(
      this.#orchestrators(hosted.orchestrators ?? []),
      this.#orchestrators(builtIn.orchestrators ?? []),
    );
    this.orchestrators = new OrchestratorCatalog(orchestrators.values());
    this.activities = both(this.#activities(hosted.activities ?? []), this.#activities(builtIn.activities ?? []));
  }

  #entities(types: readonly Constructor[]): Map<string, EntityProgram> {
    checkIsList('entities', types);
    const programs = new Programs<EntityProgram>('entity');
    for (const type of types) {
      const definition = names.entity(type);
      checkInitialState(definition);
      for (const { name, input } of definition.operations.values()) this.#check(input, `${definition.name}.${name}`);
      programs.add(entityProgram(definition, this.#ports.values), type.name);
    }
    return programs.byName;
  }

  /** By versioned name. */
  #orchestrators(types: readonly Constructor[]): Map<string, OrchestratorProgram> {
    checkIsList('orchestrators', types);
    const programs = new Programs<OrchestratorProgram>('orchestrator', versionedName);
    for (const type of types) {
      const definition = names.orchestrator(type);
      this.#check(definition.input, definition.name);
      for (const { name, input } of [...definition.queries.values(), ...definition.updates.values()])
        this.#check(input, `${definition.name}.${name}`);
      programs.add(orchestratorProgram(definition, this.#ports.values), type.name);
    }
    return programs.byName;
  }

  #activities(objects: readonly object[]): Map<string, BoundActivity> {
    checkIsList('activities', objects);
    const programs = new Programs<BoundActivity>('activity');
    for (const object of objects) {
      checkIsObject(object);
      for (const definition of names.activities(object.constructor as Constructor).activities.values()) {
        this.#check(definition.input, definition.name);
        const where = `${object.constructor.name}.${definition.methodName}`;
        programs.add(boundActivity(definition, object, this.#ports.values), where);
      }
    }
    return programs.byName;
  }

  #check(input: InputType | undefined, target: string): void {
    if (input) this.#ports.checkInput(input, target);
  }
}

/** The user's programs and those that come with the package. Throws DefinitionError for a user's with a reserved name. */
function both<P>(own: ReadonlyMap<string, P>, builtIn: ReadonlyMap<string, P>): ReadonlyMap<string, P> {
  for (const name of own.keys())
    if (isReservedName(name))
      throw new DefinitionError(
        `The name "${name}" is reserved: names that begin with "perdure." or "perdure-" are Perdure's own. Rename it.`,
      );
  return new Map([...own, ...builtIn]);
}

/** Programs of one kind under unique names. */
class Programs<P extends { readonly name: string }> {
  readonly byName = new Map<string, P>();
  readonly #origins = new Map<string, string>();

  /** `nameOf`: what is unique of them. */
  constructor(
    readonly kind: string,
    readonly nameOf = ({ name }: P): string => name,
  ) {}

  add(program: P, origin: string): void {
    const name = this.nameOf(program);
    const first = this.#origins.get(name);
    if (first !== undefined)
      throw new DefinitionError(
        `The ${this.kind} name "${name}" is registered twice, by ${first} and by ${origin}. Rename one.`,
      );
    this.#origins.set(name, origin);
    this.byName.set(name, program);
  }
}
