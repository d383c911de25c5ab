import type { FunctionOptions, FunctionOutput, FunctionResult, FunctionTrigger } from './bindings.js';
import type { HttpRequest } from './http-request.js';
import type { HttpResponse, HttpResponseInit } from './http-response.js';
import type { InvocationContext } from './invocation-context.js';

/** The methods of requests. */
export type HttpMethod = 'GET' | 'POST' | 'DELETE' | 'HEAD' | 'PATCH' | 'PUT' | 'OPTIONS' | 'TRACE' | 'CONNECT';

/** The code of a function that answers requests. */
export type HttpHandler = (
  request: HttpRequest,
  context: InvocationContext,
) => FunctionResult<HttpResponseInit | HttpResponse>;

/** Which requests a function answers. */
export interface HttpTriggerOptions {
  /** Who may ask: everybody, or who has a key, where the host has keys. Default `anonymous`. */
  authLevel?: 'anonymous' | 'function' | 'admin';
  /** Default: GET and POST. */
  methods?: HttpMethod[];
  /** The path below `/api`, such as `orders/{id}`. Default: the function's name. */
  route?: string;
}

/** What calls a function that answers requests. */
export interface HttpTrigger extends FunctionTrigger {
  /** Who may ask. */
  authLevel: 'anonymous' | 'function' | 'admin';
  /** With which methods. */
  methods: HttpMethod[];
  /** The path below `/api`. */
  route?: string;
}

/** A function that answers requests, as it is registered. */
export interface HttpFunctionOptions extends HttpTriggerOptions, Partial<FunctionOptions> {
  /** Its code. */
  handler: HttpHandler;
  /** What calls it. */
  trigger?: HttpTrigger;
  /** Where its result goes: the answer. */
  return?: FunctionOutput;
}

/** The same for one method. */
export type HttpMethodFunctionOptions = Omit<HttpFunctionOptions, 'methods'>;

/** There are none. */
export interface HttpOutputOptions {}

/** The answer. */
export type HttpOutput = FunctionOutput & HttpOutputOptions;
