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
export type * from './functions/hook.js';
export type * from './functions/bindings.js';
export type * from './functions/http.js';
export type * from './functions/http-request.js';
export type * from './functions/http-response.js';
export type * from './functions/invocation-context.js';
export type * from './functions/timer.js';
export type { SetupOptions } from './functions/app.js';
export type { AzureServiceFunctionOptions, AzureServiceOptions } from './functions/azure-services.js';
