/**
 * A planted bug, for `node --import`: the log's compare-and-set is left out (C2, "no fence"), so that a replaced owner
 * commits over its successor. A chaos run of workers with this bug must fail, or it proves nothing.
 */
import { register } from 'node:module';

const hooks = `
  const [file, found, planted] = ${JSON.stringify([
    '/lib/nats/log.js',
    'store(this.#subject, body, { after })',
    'store(this.#subject, body, {})',
  ])};
  export async function load(url, context, next) {
    const loaded = await next(url, context);
    if (!url.endsWith(file)) return loaded;
    const parts = String(loaded.source).split(found);
    if (parts.length !== 2) throw new Error('The place for the planted bug is not in ' + url);
    return { ...loaded, source: parts.join(planted) };
  }
`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
