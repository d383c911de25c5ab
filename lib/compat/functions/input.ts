import { azureOnly } from './azure-services.js';
import type { FunctionInput, GenericInputOptions } from './bindings.js';
import { named } from './bindings.js';

/** Anything. */
export function generic(options: GenericInputOptions): FunctionInput {
  return named(options, 'Input');
}

/** Of Azure alone. */
export const storageBlob = azureOnly('blob', 'Input');
/** Of Azure alone. */
export const table = azureOnly('table', 'Input');
/** Of Azure alone. */
export const cosmosDB = azureOnly('cosmosDB', 'Input');
/** Of Azure alone. */
export const sql = azureOnly('sql', 'Input');
/** Of Azure alone. */
export const mySql = azureOnly('mysql', 'Input');
/** Of Azure alone. */
export const webPubSubConnection = azureOnly('webPubSubConnection', 'Input');
/** Of Azure alone. */
export const webPubSubContext = azureOnly('webPubSubContext', 'Input');
