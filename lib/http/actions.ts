import type { LinkedAction } from '../client/linked-actions.js';

/** What a request to the HTTP API asks for. */
export type HttpAction =
  | LinkedAction
  | 'start'
  | 'cancel'
  | 'queryInstance'
  | 'updateInstance'
  | 'listInstances'
  | 'purgeInstances'
  | 'readEntity'
  | 'listEntities'
  | 'signalEntity'
  | 'deleteEntity'
  | 'callEntity'
  | 'makePrimary'
  | 'describe';
