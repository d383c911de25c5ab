/** What may be asked of one instance by a URL of its own, with what stands behind its id in the path. */
export const linkedActions = {
  getStatus: '',
  raiseEvent: '/raiseEvent/{eventName}',
  terminate: '/terminate?reason={text}',
  rewind: '/rewind?reason={text}',
  purge: '',
  restart: '/restart',
  suspend: '/suspend?reason={text}',
  resume: '/resume?reason={text}',
} as const;

/** What may be asked of one instance by a URL of its own. */
export type LinkedAction = keyof typeof linkedActions;

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
