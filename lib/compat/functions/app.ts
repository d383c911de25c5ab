import type { AzureServiceFunctionOptions, Named } from './azure-services.js';
import type { FunctionHandler, FunctionOptions, FunctionTrigger, GenericFunctionOptions } from './bindings.js';
import type { HttpFunctionOptions, HttpHandler, HttpMethod, HttpMethodFunctionOptions } from './http.js';
import * as output from './output.js';
import { registerFunction } from './registered-function.js';
import type { TimerFunctionOptions } from './timer.js';
import * as trigger from './trigger.js';

export * as hook from './hook.js';

/** How an app is set up. */
export interface SetupOptions {
  /** Of the original, and of no effect: bodies are streams anyway. */
  enableHttpStream?: boolean;
  /** Of the original, and of no effect. */
  capabilities?: Record<string, string | boolean>;
}

/** Of the original, and of no effect. */
export function setup(_options: SetupOptions): void {}

/**
 * Registers a function that answers requests.
 *
 * @example
 * ```ts
 * import { app } from 'perdure/azure-functions';
 *
 * app.http('order', {
 *   methods: ['GET'],
 *   route: 'orders/{id}',
 *   handler: async (request) => ({ jsonBody: { order: request.params.id } }),
 * });
 * ```
 */
export function http(name: string, options: HttpFunctionOptions): void {
  options.return ??= output.http({});
  registerFunction(
    name,
    genericOf(options, (rest) => trigger.http(rest)),
  );
}

/** Registers a function that answers GET. */
export function get(name: string, optionsOrHandler: HttpMethodFunctionOptions | HttpHandler): void {
  http(name, withMethod(optionsOrHandler, 'GET'));
}

/** Registers a function that answers PUT. */
export function put(name: string, optionsOrHandler: HttpMethodFunctionOptions | HttpHandler): void {
  http(name, withMethod(optionsOrHandler, 'PUT'));
}

/** Registers a function that answers POST. */
export function post(name: string, optionsOrHandler: HttpMethodFunctionOptions | HttpHandler): void {
  http(name, withMethod(optionsOrHandler, 'POST'));
}

/** Registers a function that answers PATCH. */
export function patch(name: string, optionsOrHandler: HttpMethodFunctionOptions | HttpHandler): void {
  http(name, withMethod(optionsOrHandler, 'PATCH'));
}

/** Registers a function that answers DELETE. */
export function deleteRequest(name: string, optionsOrHandler: HttpMethodFunctionOptions | HttpHandler): void {
  http(name, withMethod(optionsOrHandler, 'DELETE'));
}

/** Registers a function that runs at times. */
export function timer(name: string, options: TimerFunctionOptions): void {
  registerFunction(
    name,
    genericOf(options, (rest) => trigger.timer(rest)),
  );
}

/** Registers a function of any trigger. */
export function generic(name: string, options: GenericFunctionOptions): void {
  registerFunction(name, options);
}

/** Registers a function of Azure alone. */
type RegisterService = <T = unknown>(name: string, options: AzureServiceFunctionOptions<T>) => void;

function service(triggerOf: Named): RegisterService {
  return (name, options) => registerFunction(name, genericOf(options, triggerOf));
}

/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const storageBlob = service(trigger.storageBlob);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const storageQueue = service(trigger.storageQueue);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const serviceBusQueue = service(trigger.serviceBusQueue);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const serviceBusTopic = service(trigger.serviceBusTopic);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const eventHub = service(trigger.eventHub);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const eventGrid = service(trigger.eventGrid);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const cosmosDB = service(trigger.cosmosDB);
/** Registers a function that Azure calls before it uses an instance of the app: here it is called once, at the start. */
export const warmup = service(trigger.warmup);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const sql = service(trigger.sql);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const mySql = service(trigger.mySql);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const webPubSub = service(trigger.webPubSub);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const connectorTrigger = service(trigger.connectorTrigger);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const mcpTool = service(trigger.mcpTool);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const mcpResource = service(trigger.mcpResource);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const mcpPrompt = service(trigger.mcpPrompt);

function withMethod(given: HttpMethodFunctionOptions | HttpHandler, method: HttpMethod): HttpFunctionOptions {
  return { ...(typeof given === 'function' ? { handler: given } : given), methods: [method] } as HttpFunctionOptions;
}

/** What is left of the options when the function's own are taken away is the trigger's. */
function genericOf<O extends object>(options: O, triggerOf: (rest: never) => FunctionTrigger): GenericFunctionOptions {
  const {
    handler,
    return: result,
    trigger: own,
    extraInputs,
    extraOutputs,
    retry,
    ...rest
  } = options as O & GenericFunctionOptions;
  return {
    handler: handler as FunctionHandler,
    trigger: own ?? triggerOf(rest as never),
    ...(result && { return: result }),
    ...(extraInputs && { extraInputs }),
    ...(extraOutputs && { extraOutputs }),
    ...(retry && { retry }),
  } satisfies FunctionOptions & Pick<GenericFunctionOptions, 'retry'>;
}
