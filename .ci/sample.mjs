// Runs a built sample: `npm run sample NAME [arguments]`.
import { existsSync, readdirSync } from 'node:fs';

const samples = 'build/samples';
const [name, ...args] = process.argv.slice(2);
const names = existsSync(samples)
  ? readdirSync(samples).filter((entry) => existsSync(`${samples}/${entry}/main.js`))
  : [];
if (!names.includes(name)) {
  console.error(`Usage: npm run sample NAME [arguments], where NAME is one of: ${names.join(', ')}`);
  process.exit(2);
}
const main = new URL(`../${samples}/${name}/main.js`, import.meta.url);
process.argv = [process.argv[0], main.pathname, ...args];
await import(main.href);
