import type { AzureServiceFunctionOptions } from '../functions/azure-services.js';
import * as functions from '../functions/app.js';
import type { FunctionOptions, FunctionResult } from '../functions/bindings.js';
import type { HttpFunctionOptions } from '../functions/http.js';
import type { HttpRequest } from '../functions/http-request.js';
import type { HttpResponse, HttpResponseInit } from '../functions/http-response.js';
import type { InvocationContext } from '../functions/invocation-context.js';
import type { Timer, TimerFunctionOptions } from '../functions/timer.js';
import type { Unchecked } from '../functions/unchecked.js';
import type { DurableClient } from './durable-client.js';
import { getClient, isClientInput } from './get-client.js';
import { durableClient } from './input.js';

/** The code of a function that gets a client. */
export type DurableClientHandler = (
  triggerInput: Unchecked,
  durableClient: DurableClient,
  context: InvocationContext,
) => FunctionResult<Unchecked>;

/** A function that gets a client, as it is registered. */
export interface DurableClientOptions extends Omit<FunctionOptions, 'handler'> {
  /** Its code. */
  handler: DurableClientHandler;
}

/** The code of a function that answers requests and gets a client. */
export type HttpDurableClientHandler = (
  request: HttpRequest,
  client: DurableClient,
  context: InvocationContext,
) => FunctionResult<HttpResponseInit | HttpResponse>;

/** A function that answers requests and gets a client, as it is registered. */
export interface HttpDurableClientOptions extends Omit<HttpFunctionOptions, 'handler'> {
  /** Its code. */
  handler: HttpDurableClientHandler;
}

/** The code of a function that runs at times and gets a client. */
export type TimerDurableClientHandler = (
  myTimer: Timer,
  client: DurableClient,
  context: InvocationContext,
) => FunctionResult;

/** A function that runs at times and gets a client, as it is registered. */
export interface TimerDurableClientOptions extends Omit<TimerFunctionOptions, 'handler'> {
  /** Its code. */
  handler: TimerDurableClientHandler;
}

/** A function of Azure alone that gets a client, as it is registered. */
export interface ServiceDurableClientOptions extends Record<string, unknown> {
  /** Its code. */
  handler: DurableClientHandler;
  /** What calls it. */
  trigger?: FunctionOptions['trigger'];
  /** Where its result goes. */
  return?: FunctionOptions['return'];
  /** What it gets beside. */
  extraInputs?: FunctionOptions['extraInputs'];
  /** What it gives beside. */
  extraOutputs?: FunctionOptions['extraOutputs'];
}

/** Registers a function that answers requests and gets a client. */
export function http(functionName: string, options: HttpDurableClientOptions): void {
  functions.http(functionName, withClient(options));
}

/** Registers a function that runs at times and gets a client. */
export function timer(functionName: string, options: TimerDurableClientOptions): void {
  functions.timer(functionName, withClient(options));
}

/** Registers a function of any trigger that gets a client. */
export function generic(functionName: string, options: DurableClientOptions): void {
  functions.generic(functionName, withClient(options));
}

type RegisterService = (functionName: string, options: ServiceDurableClientOptions) => void;

function service(register: (name: string, options: AzureServiceFunctionOptions) => void): RegisterService {
  return (functionName, options) => register(functionName, withClient(options));
}

/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const storageBlob = service(functions.storageBlob);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const storageQueue = service(functions.storageQueue);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const serviceBusQueue = service(functions.serviceBusQueue);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const serviceBusTopic = service(functions.serviceBusTopic);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const eventHub = service(functions.eventHub);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const eventGrid = service(functions.eventGrid);
/** Registers a function of Azure alone: `perdure func start` refuses it. */
export const cosmosDB = service(functions.cosmosDB);

function withClient<
  O extends { readonly handler: (...given: Unchecked[]) => unknown; extraInputs?: FunctionOptions['extraInputs'] },
>(options: O): Omit<O, 'handler'> & { handler: (input: Unchecked, context: InvocationContext) => Unchecked } {
  const { handler, extraInputs = [] } = options;
  return {
    ...options,
    extraInputs: extraInputs.some(isClientInput) ? extraInputs : [...extraInputs, durableClient()],
    handler: (input, context) => handler(input, getClient(context), context) as Unchecked,
  };
}
