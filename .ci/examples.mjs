// Writes the examples of a page into the working directory: `node examples.mjs PAGE [FILE]`. A first line such as
// `// service.ts` names the file; FILE is the name of one without.
import { readFileSync, writeFileSync } from 'node:fs';

const [page, file] = process.argv.slice(2);
for (const [, code] of readFileSync(page, 'utf8').matchAll(/^```(?:ts|jsonc)\n([^]*?)^```$/gm)) {
  const name = /^\/\/ ([\w-]+\.(?:ts|json))\n/.exec(code)?.[1] ?? file;
  writeFileSync(name, code);
}
