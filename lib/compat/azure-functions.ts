export * as app from './functions/app.js';
export * as trigger from './functions/trigger.js';
export * as input from './functions/input.js';
export * as output from './functions/output.js';
export { HttpRequest } from './functions/http-request.js';
export { HttpResponse } from './functions/http-response.js';
export { InvocationContext } from './functions/invocation-context.js';
export { Disposable } from './functions/disposable.js';
export {
  AppStartContext,
  AppTerminateContext,
  HookContext,
  InvocationHookContext,
  LogHookContext,
  PostInvocationContext,
  PreInvocationContext,
} from './functions/hook.js';
export type * from './functions/http.js';
export type * from './functions/invocation-context.js';
export type * from './functions/timer.js';
export type { SetupOptions } from './functions/app.js';
export type { AzureServiceFunctionOptions, AzureServiceOptions } from './functions/azure-services.js';
export type {
  AppStartContextInit,
  AppStartHandler,
  AppTerminateContextInit,
  AppTerminateHandler,
  HookContextInit,
  InvocationHookContextInit,
  LogCategory,
  LogHookContextInit,
  LogHookHandler,
  PostInvocationContextInit,
  PostInvocationHandler,
  PreInvocationContextInit,
  PreInvocationHandler,
} from './functions/hook.js';
export type {
  Duration,
  ExponentialBackoffRetryOptions,
  FixedDelayRetryOptions,
  FunctionHandler,
  FunctionInput,
  FunctionOptions,
  FunctionOutput,
  FunctionResult,
  FunctionTrigger,
  GenericFunctionOptions,
  GenericInputOptions,
  GenericOutputOptions,
  GenericTriggerOptions,
  LogLevel,
  RetryOptions,
} from './functions/bindings.js';
export type {
  HttpRequestBodyInit,
  HttpRequestInit,
  HttpRequestParams,
  HttpRequestUser,
  HttpRequestUserType,
} from './functions/http-request.js';
export type { Cookie, HttpHeadersInit, HttpResponseBodyInit, HttpResponseInit } from './functions/http-response.js';
