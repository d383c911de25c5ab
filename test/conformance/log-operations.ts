import fc from 'fast-check';
import { all } from '../contract/harness.js';
import {
  back,
  bodyOf,
  type Kind,
  kind,
  outcome,
  outcomes,
  partition,
  placeOf,
  plain,
  seen,
  size,
  who,
} from './operation.js';
import type { Scene } from './scene.js';

const streamOf = (of: number) => `log ${of}`;

async function append(scene: Scene, { who: by, partition: of }: Where, bodies: readonly Uint8Array[], after: number) {
  const { log } = scene.connection(by).ports(of);
  const answers = await outcomes(
    scene,
    bodies.map((body) => () => log.append(body, after)),
  );
  for (const answer of answers) if (typeof answer === 'number') scene.saw(streamOf(of), answer);
  return answers;
}

interface Where {
  readonly who: number;
  readonly partition: number;
}

/** What can be done with a commit log. */
export const logOperations: readonly Kind[] = [
  kind('log.append', 6, { who, partition, after: seen, size }, async (scene, given) => {
    const { maxBodyBytes } = scene.connection(given.who).ports(given.partition);
    const after = scene.sequence(streamOf(given.partition), given.after);
    return append(scene, given, [bodyOf(scene, given.size, maxBodyBytes)], after);
  }),

  kind(
    'log.append, several over the same',
    2,
    { who, partition, count: fc.integer({ min: 2, max: 4 }) },
    (scene, given) => {
      const after = scene.sequence(streamOf(given.partition), 'last');
      const bodies = Array.from({ length: given.count }, () => bodyOf(scene, 'small', 0));
      return append(scene, given, bodies, after);
    },
  ),

  kind('log.last', 2, { who, partition }, (scene, given) =>
    outcome(
      scene,
      () => scene.connection(given.who).ports(given.partition).log.last(),
      (record) => record && scene.shown(record),
    ),
  ),

  kind('log.read', 3, { who, partition, from: back, to: back }, (scene, given) => {
    const { log } = scene.connection(given.who).ports(given.partition);
    const [from, to] = [given.from, given.to].map((place) => placeOf(scene, streamOf(given.partition), place));
    return outcome(
      scene,
      () => all(log.read(from!, to!)),
      (records) => records.map((record) => scene.shown(record)),
    );
  }),

  kind('log.purgeBelow', 2, { who, partition, sequence: back }, (scene, given) => {
    const sequence = placeOf(scene, streamOf(given.partition), given.sequence);
    return outcome(scene, () => scene.connection(given.who).ports(given.partition).log.purgeBelow(sequence), plain);
  }),
];
