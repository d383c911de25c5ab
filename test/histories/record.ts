import { existsSync, writeFileSync } from 'node:fs';
import { recordHub } from './hub.js';
import { folder, withoutStacks } from './recorded-history.js';
import { programs, run } from './runs.js';

/**
 * Records what this build lives through, for every later one to replay: `node build/test/histories/record.js`. What is
 * recorded already is never recorded again: that an earlier build wrote it is what it is for.
 */
for (const [name, program] of Object.entries(programs)) {
  const file = `${folder}/${name}.json`;
  if (existsSync(file)) continue;
  writeFileSync(file, `${withoutStacks(JSON.stringify(await run(name, program)))}\n`);
  console.log(`Recorded ${file}`);
}
for (const state of ['stopped', 'running'] as const) {
  const file = `${folder}/hub-1-${state}.jsonl`;
  if (existsSync(file)) continue;
  writeFileSync(file, await recordHub(state));
  console.log(`Recorded ${file}`);
}
