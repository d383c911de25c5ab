import { entityAddress } from '../../lib/wire/addresses.js';
import { EntityWatch, type Violation } from './instance-watch.js';
import type { SeenJar } from './jar-clients.js';
import { JARS, type JarState } from './jar-script.js';
import type { Outcome } from './outcome.js';

/** Holds what has become of jars to what clients were told of them. */
export function checkJars(clients: readonly (readonly SeenJar[])[], outcome: Outcome, violation: Violation): void {
  for (const key of JARS) {
    const seen = clients.map((each) => each.filter(({ action }) => action.jar === key));
    const watch = outcome.instance(entityAddress({ name: 'jar', key }));
    checkJar(seen, watch instanceof EntityWatch ? livesOf(watch) : [[]], (text) => violation(`jar ${key}: ${text}`));
  }
}

/** What the jar held at the end of each of its lives; the last one may go on. */
function livesOf({ former, state }: EntityWatch): readonly (readonly string[])[] {
  return [...former, state ?? { log: [] }].map((each) => (each as unknown as JarState).log);
}

function checkJar(
  clients: readonly (readonly SeenJar[])[],
  lives: readonly (readonly string[])[],
  wrong: Violation,
): void {
  const all = lives.flat();
  const [puts, deletions] = [new Set<string>(), [] as boolean[]];
  for (const seen of clients) {
    for (const { action, told } of seen) {
      if (action.do === 'discard') deletions.push(told === true);
      else if (
        action.isRefused ? told !== 'refused' : lives[lifeOf(lives, action.id)]?.[Number(told) - 1] !== action.id
      )
        wrong(`${action.id} was told ${told}, and it held ${JSON.stringify(lives)}`);
      else if (!action.isRefused) puts.add(action.id);
    }
    checkOrder(seen, lives, wrong);
  }
  if (all.length !== puts.size || all.some((id) => !puts.has(id)))
    wrong(`it held ${JSON.stringify(lives)}, and was given ${[...puts].join(' ')}`);
  const ended = deletions.filter(Boolean).length;
  if (ended !== lives.length - 1)
    wrong(`${ended} of ${deletions.length} deletions were told to be one; it had ${lives.length} lives`);
}

/** What a client puts into a jar is in a life behind all that the client has ended. */
function checkOrder(seen: readonly SeenJar[], lives: readonly (readonly string[])[], wrong: Violation): void {
  let [first, last] = [0, -1];
  for (const { action, told } of seen) {
    if (action.do === 'discard') first = Math.max(told === true ? first + 1 : first, last + 1);
    else if (!action.isRefused) {
      last = lifeOf(lives, action.id);
      if (last < first) wrong(`${action.id} is in life ${last}, before one that its client has ended`);
      first = Math.max(first, last);
    }
  }
}

function lifeOf(lives: readonly (readonly string[])[], id: string): number {
  return lives.findIndex((log) => log.includes(id));
}
