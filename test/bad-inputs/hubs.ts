import { checkHubName } from '../../lib/wire/checks.js';
import type { BadInput } from './row.js';

const refused = { code: 'PERDURE_INVALID_HUB', text: /^Invalid task hub name: ".*" does not match / } as const;

/** Names of task hubs. */
export const hubs: readonly BadInput[] = ['a.b', '*', '', 'x'.repeat(65)].map((name) => ({
  row: 62,
  title: `hub name: ${name.length > 9 ? `${name.length} characters` : JSON.stringify(name)}`,
  attempt: () => checkHubName(name),
  error: refused,
}));
