import { azureOnly } from './azure-services.js';
import type { FunctionTrigger, GenericTriggerOptions } from './bindings.js';
import { named } from './bindings.js';
import type { HttpMethod, HttpTrigger, HttpTriggerOptions } from './http.js';
import type { TimerTrigger, TimerTriggerOptions } from './timer.js';

/** Requests. */
export function http(options: HttpTriggerOptions): HttpTrigger {
  const { authLevel = 'anonymous', methods = ['GET', 'POST'] } = options;
  const upper = methods.map((method) => method.toUpperCase() as HttpMethod);
  return named({ ...options, type: 'httpTrigger', authLevel, methods: upper }, 'Trigger');
}

/** Times. */
export function timer(options: TimerTriggerOptions): TimerTrigger {
  return named({ ...options, type: 'timerTrigger' }, 'Trigger');
}

/** Anything. */
export function generic(options: GenericTriggerOptions): FunctionTrigger {
  return named(options, 'Trigger');
}

/** Of Azure alone. */
export const storageBlob = azureOnly('blobTrigger', 'Trigger');
/** Of Azure alone. */
export const storageQueue = azureOnly('queueTrigger', 'Trigger');
/** Of Azure alone. */
export const serviceBusQueue = azureOnly('serviceBusTrigger', 'Trigger');
/** Of Azure alone. */
export const serviceBusTopic = azureOnly('serviceBusTrigger', 'Trigger');
/** Of Azure alone. */
export const eventHub = azureOnly('eventHubTrigger', 'Trigger');
/** Of Azure alone. */
export const eventGrid = azureOnly('eventGridTrigger', 'Trigger');
/** Of Azure alone. */
export const cosmosDB = azureOnly('cosmosDBTrigger', 'Trigger');
/** Of Azure alone. */
export const warmup = azureOnly('warmupTrigger', 'Trigger');
/** Of Azure alone. */
export const sql = azureOnly('sqlTrigger', 'Trigger');
/** Of Azure alone. */
export const mySql = azureOnly('mysqlTrigger', 'Trigger');
/** Of Azure alone. */
export const webPubSub = azureOnly('webPubSubTrigger', 'Trigger');
/** Of Azure alone. */
export const connectorTrigger = azureOnly('connectorTrigger', 'Trigger');
/** Of Azure alone. */
export const mcpTool = azureOnly('mcpToolTrigger', 'Trigger');
/** Of Azure alone. */
export const mcpResource = azureOnly('mcpResourceTrigger', 'Trigger');
/** Of Azure alone. */
export const mcpPrompt = azureOnly('mcpPromptTrigger', 'Trigger');
