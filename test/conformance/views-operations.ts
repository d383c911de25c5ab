import fc from 'fast-check';
import type { PartitionSubjects } from '../../lib/wire/subjects.js';
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
import type { Scene, Seen } from './scene.js';

const subjects: Readonly<Record<string, (names: PartitionSubjects) => string>> = {
  'head a': (names) => names.head('o.a'),
  'head b': (names) => names.head('e.counter.b'),
  'wake a': (names) => names.wake('o.a'),
  segment: (names) => names.segment('o.a', 'x', 1, 0),
  checkpoint: (names) => names.checkpoint,
  page: (names) => names.checkpointPage(1, 1, 0),
  parked: (names) => names.parkedPage('x'),
};

const patterns: Readonly<Record<string, (names: PartitionSubjects, hub: string) => string>> = {
  ...subjects,
  heads: (names) => names.heads,
  wakes: (names) => names.wakes,
  pages: (names) => `${names.checkpoint}.>`,
  'heads of orchestrations': (names) => names.head('o.*'),
  'heads and wakes of a': (names, hub) => `pd.${hub}.${names.partition}.*.o.a`,
  all: () => 'pd.>',
};

const subject = fc.constantFrom(...Object.keys(subjects));

async function write(scene: Scene, given: Write): Promise<unknown> {
  const { views, maxBodyBytes } = scene.connection(given.who).ports(given.partition);
  const after = scene.sequence(`${given.partition} ${given.subject}`, given.after);
  const name = subjects[given.subject]!(scene.names(given.partition));
  const bodies = Array.from({ length: given.count ?? 1 }, () => bodyOf(scene, given.size ?? 'small', maxBodyBytes));
  const answers = await outcomes(
    scene,
    bodies.map((body) => () => views.write(name, body, after)),
  );
  for (const answer of answers) {
    if (typeof answer !== 'number') continue;
    scene.saw(`${given.partition} ${given.subject}`, answer);
    scene.saw(`state ${given.partition}`, answer);
  }
  return answers;
}

async function remove(scene: Scene, { who, partition, subject }: Place, sequence: number): Promise<void> {
  await scene
    .connection(who)
    .ports(partition)
    .views.remove(subjects[subject]!(scene.names(partition)), sequence);
}

interface Place {
  readonly who: number;
  readonly partition: number;
  readonly subject: string;
}

interface Write extends Place {
  readonly after: Seen;
  readonly size?: 'small' | 'tooLarge';
  readonly count?: number;
}

/** What can be done with a state stream. */
export const viewsOperations: readonly Kind[] = [
  kind('views.write', 8, { who, partition, subject, after: seen, size }, write),

  kind('views.write, several over the same', 1, { who, partition, subject, after: seen, count: fc.constant(3) }, write),

  kind('views.read', 3, { who, partition, subject }, (scene, given) =>
    outcome(
      scene,
      () =>
        scene
          .connection(given.who)
          .ports(given.partition)
          .views.read(subjects[given.subject]!(scene.names(given.partition))),
      (view) => view && scene.shown(view),
    ),
  ),

  kind('views.remove', 3, { who, partition, subject, sequence: seen }, (scene, given) => {
    const sequence = scene.sequence(`${given.partition} ${given.subject}`, given.sequence);
    return outcome(scene, () => remove(scene, given, sequence), plain);
  }),

  kind('views.remove, up to anything', 1, { who, partition, subject, sequence: back }, (scene, given) => {
    const sequence = placeOf(scene, `state ${given.partition}`, given.sequence);
    return outcome(scene, () => remove(scene, given, sequence), plain);
  }),

  kind('views.scan', 3, { who, partition, pattern: fc.constantFrom(...Object.keys(patterns)) }, (scene, given) => {
    const pattern = patterns[given.pattern]!(scene.names(given.partition), scene.side.hub);
    return outcome(
      scene,
      () => all(scene.connection(given.who).ports(given.partition).views.scan(pattern)),
      (views) => views.toSorted((a, b) => a.sequence - b.sequence).map((view) => scene.shown(view)),
    );
  }),

  kind('views.subjects', 2, { who, partition, pattern: fc.constantFrom(...Object.keys(patterns)) }, (scene, given) => {
    const pattern = patterns[given.pattern]!(scene.names(given.partition), scene.side.hub);
    return outcome(
      scene,
      () => all(scene.connection(given.who).ports(given.partition).views.subjects(pattern)),
      (subjects) => subjects.toSorted().map((subject) => scene.place(subject)),
    );
  }),
];
