export { HttpApi, type HttpStartOptions } from './http-api.js';
export type { HttpApiOptions, HttpAuthOptions, HttpLimits } from './options.js';
export type { HttpAccess } from './authorization.js';
export type { HttpAction } from './actions.js';
export type { LinkedAction } from '../client/linked-actions.js';
export type { HttpManagementPayload } from '../client/management-urls.js';
export type { HttpWaitOptions } from '../client/http-responses.js';
