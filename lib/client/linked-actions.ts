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
