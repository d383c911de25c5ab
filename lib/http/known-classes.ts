import type { InputShape, OperationShape } from '../core/names.js';
import type { Constructor } from '../core/values.js';
import { names } from '../definitions/names.js';
import { validateInput } from '../validation/validate-input.js';

/** The classes that the API was given: their inputs are checked here, before anything is sent. */
export class KnownClasses {
  readonly orchestrators: ReadonlyMap<string, InputShape>;
  readonly entities: ReadonlyMap<string, ReadonlyMap<string, OperationShape>>;

  /** Throws DefinitionError for a class that is neither. */
  constructor(orchestrators: readonly Constructor[], entities: readonly Constructor[]) {
    this.orchestrators = new Map(orchestrators.map(names.orchestrator).map((shape) => [shape.name, shape]));
    this.entities = new Map(entities.map(names.entity).map((shape) => [shape.name, shape.operations]));
  }

  /** The input of a start as it is sent. Throws InvalidInputError. */
  startInput(orchestrator: string, input: unknown): unknown {
    return checkedInput(input, this.orchestrators.get(orchestrator), orchestrator);
  }

  /** The input of an operation as it is sent. Throws InvalidInputError. */
  operationInput(entity: string, operation: string, input: unknown): unknown {
    return checkedInput(input, this.entities.get(entity)?.get(operation), `${entity}.${operation}`);
  }
}

/** An input as it is sent; `target` names in the error what was to receive it. Throws InvalidInputError. */
export function checkedInput(input: unknown, shape: InputShape | undefined, target: string): unknown {
  if (!shape?.input || (input === undefined && shape.isInputOptional === true)) return input;
  return validateInput(input, shape.input, target);
}
