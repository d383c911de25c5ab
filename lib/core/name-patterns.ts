const plain = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/**
 * The form of registered names. Those that become tokens of subjects are shorter and have no dots. Anchored and without
 * nested repetition: matched in one pass.
 */
export const namePatterns = {
  entity: plain,
  orchestrator: plain,
  queue: plain,
  activity: /^[A-Za-z][A-Za-z0-9_.-]{0,127}$/,
  version: /^[A-Za-z0-9._+-]{1,64}$/,
} as const;
