import { azureOnly } from './azure-services.js';
import type { FunctionOutput, GenericOutputOptions } from './bindings.js';
import { named } from './bindings.js';
import type { HttpOutput, HttpOutputOptions } from './http.js';

/** The answer to a request. */
export function http(options: HttpOutputOptions): HttpOutput {
  return named({ ...options, type: 'http' }, 'Output');
}

/** Anything. */
export function generic(options: GenericOutputOptions): FunctionOutput {
  return named(options, 'Output');
}

/** Of Azure alone. */
export const storageBlob = azureOnly('blob', 'Output');
/** Of Azure alone. */
export const table = azureOnly('table', 'Output');
/** Of Azure alone. */
export const storageQueue = azureOnly('queue', 'Output');
/** Of Azure alone. */
export const serviceBusQueue = azureOnly('serviceBus', 'Output');
/** Of Azure alone. */
export const serviceBusTopic = azureOnly('serviceBus', 'Output');
/** Of Azure alone. */
export const eventHub = azureOnly('eventHub', 'Output');
/** Of Azure alone. */
export const eventGrid = azureOnly('eventGrid', 'Output');
/** Of Azure alone. */
export const cosmosDB = azureOnly('cosmosDB', 'Output');
/** Of Azure alone. */
export const sql = azureOnly('sql', 'Output');
/** Of Azure alone. */
export const mySql = azureOnly('mysql', 'Output');
/** Of Azure alone. */
export const webPubSub = azureOnly('webPubSub', 'Output');
