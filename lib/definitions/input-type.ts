import 'reflect-metadata';
import { ActivityContext } from '../core/activity-context.js';
import { EntityContext } from '../core/entity-context.js';
import { OrchestrationContext } from '../core/orchestration-context.js';
import type { InputShape } from '../core/names.js';
import type { Constructor, InputType } from '../core/values.js';
import { DefinitionError } from '../errors.js';
import type { GivenInput, Handler } from './definition.js';

/** Where a handler stands, for the texts of errors. */
export interface HandlerSite {
  readonly type: Constructor;
  readonly methodName: string;
  readonly method: Handler;
  /** The decorator that makes it a handler, such as `@Operation`. */
  readonly decorator: '@Operation' | '@Run' | '@Activity' | '@Update' | '@Query';
}

const contexts = {
  '@Operation': EntityContext,
  '@Run': OrchestrationContext,
  '@Update': OrchestrationContext,
  '@Activity': ActivityContext,
};

/** What a handler takes, as its options say and its declaration shows. Throws as `inputTypeOf`. */
export function inputShapeOf(
  site: HandlerSite,
  { input, optional }: { readonly input?: GivenInput | undefined; readonly optional?: boolean | undefined },
): InputShape {
  // A parameter with a default value does not count as one; `?` leaves no trace at run time.
  return { input: inputTypeOf(site, input), isInputOptional: optional ?? site.method.length === 0 };
}

/**
 * The type of the input: as given, else as the first parameter is declared. `undefined` means no input, `Object` any
 * value. Throws DefinitionError when the parameters are not (input, context) or the type is not known at run time.
 */
function inputTypeOf(site: HandlerSite, given: GivenInput | undefined): InputType | undefined {
  const parameters: readonly unknown[] | undefined = Reflect.getMetadata(
    'design:paramtypes',
    site.type.prototype as object,
    site.methodName,
  );
  checkParameters(site, parameters);
  if (given !== undefined) return givenType(given, whereOf(site));
  if (parameters) return parameters[0] === undefined ? undefined : inferred(site, parameters[0]);
  if (site.method.length === 0) return undefined;
  throw strippedMetadata(site);
}

/** The input type that the user gave. Throws DefinitionError when it is none. */
export function givenType(given: GivenInput, where: string): InputType | undefined {
  if (given === 'none') return undefined;
  if (given === 'unknown') return Object;
  const element: unknown = Array.isArray(given) && given.length === 1 ? given[0] : given;
  if (isClass(element) && element !== Array && element !== Function) return given;
  throw new DefinitionError(
    `${where}: input must be a DTO class, String, Number, Boolean or Date, one of these in brackets such as [Amount], ` +
      `'unknown' or 'none'. If it is a class, it is not loaded yet: break the circular import.`,
  );
}

function checkParameters(site: HandlerSite, parameters: readonly unknown[] | undefined): void {
  const where = whereOf(site);
  if (site.decorator === '@Query') return checkQueryParameters(site, parameters);
  const context = contexts[site.decorator];
  const [first, second] = parameters ?? [];
  if (isContext(first))
    throw new DefinitionError(
      `${where}: the context is the second parameter, the input the first. ` +
        `Write ${site.methodName}(_: void, ctx: ${context.name}) for a handler without input.`,
    );
  if ((parameters?.length ?? site.method.length) > 2)
    throw new DefinitionError(
      `${where}: a handler has at most two parameters, (input, ctx: ${context.name}). Put what it needs into one DTO class.`,
    );
  // `import type` of the context leaves Object or Function: harmless, for nothing is decoded by it.
  if (second === undefined || second === Object || second === Function || isContext(second, context)) return;
  throw new DefinitionError(
    `${where}: the second parameter is the context, declared as ctx: ${context.name}. Put what else it needs into one DTO class.`,
  );
}

/** A query only reads: there is nothing that it could ask a context for. */
function checkQueryParameters(site: HandlerSite, parameters: readonly unknown[] | undefined): void {
  if (!isContext(parameters?.[0]) && (parameters?.length ?? site.method.length) <= 1) return;
  throw new DefinitionError(
    `${whereOf(site)}: a query takes its input and nothing else, for it only reads the fields of its object. Drop the ` +
      `context; put what else it needs into one DTO class; make it an @Update() if it is to change something.`,
  );
}

/** How a handler without input is written. */
function withoutInput({ methodName, decorator }: HandlerSite): string {
  return decorator === '@Query' ? `${methodName}()` : `${methodName}(_: void, ctx: ${contexts[decorator].name})`;
}

function inferred(site: HandlerSite, type: unknown): InputType {
  const where = whereOf(site);
  if (type === Array)
    throw new DefinitionError(
      `${where}: the input is an array or tuple, whose elements are not known at run time. ` +
        `Write ${site.decorator}({ input: [Amount] }), with your class in place of Amount.`,
    );
  if (type === Object || type === Function)
    throw new DefinitionError(
      `${where}: the input's type is not known at run time. 'import type' (also as a linter's automatic fix), an interface, ` +
        `an object type, a union (also with null or undefined), a generic and unknown all hide it. Use a class, import it as ` +
        `a value, or write ${site.decorator}({ input: Amount }), with your class in place of Amount, or 'unknown' to take ` +
        `any value unchecked. If the parameter is the context, write ${withoutInput(site)}.`,
    );
  return type as Constructor;
}

function strippedMetadata(site: HandlerSite): DefinitionError {
  return new DefinitionError(
    `${whereOf(site)}: the parameters' types are not known at run time: this runner strips decorator metadata, as tsx and ` +
      `all others based on esbuild do, or "emitDecoratorMetadata" is off. Build with tsc, or run with @swc-node/register ` +
      `or vitest; or write ${site.decorator}({ input: Amount }), with your class in place of Amount, 'none' or 'unknown'.`,
  );
}

function isContext(type: unknown, ...accepted: readonly (abstract new () => object)[]): boolean {
  const wanted = accepted.length > 0 ? accepted : Object.values(contexts);
  return wanted.some((context) => type === context || (isClass(type) && type.prototype instanceof context));
}

function isClass(type: unknown): type is Constructor {
  return typeof type === 'function' && typeof type.prototype === 'object';
}

function whereOf(site: HandlerSite): string {
  return `${site.type.name}.${site.methodName}`;
}
