export { HttpApi, type HttpStartOptions, type HttpWaitOptions } from './http-api.js';
export type { HttpApiOptions, HttpAuthOptions, HttpLimits } from './options.js';
export type { HttpAccess } from './authorization.js';
export type { HttpAction, LinkedAction } from './actions.js';
export type { HttpManagementPayload } from './management-urls.js';
