/** One change of the compiled code: a text that must be found exactly once, and what takes its place. */
export interface Edit {
  /** Below `build/lib`. */
  readonly file: string;
  readonly find: string;
  readonly replacement: string;
}

/** A bug that a simulation has to find. */
export interface Mutant {
  /** The invariant or rule that it breaks. */
  readonly rule: string;
  readonly what: string;
  readonly edits: readonly Edit[];
  /** It is no bug, and has to survive. */
  readonly isHealthy?: boolean;
  /** The simulation that has to find it. Default: that of partitions. */
  readonly simulation?: 'workers' | 'lives' | 'locks' | 'transactions' | 'times';
}

export const edit = (file: string, find: string, replacement: string): Edit => ({ file, find, replacement });

/** What takes a refusal for its size for a success with some value. */
export const elseRejects = (value: string): string =>
  `(error) => error.code === 'PERDURE_PAYLOAD_TOO_LARGE' ? ${value} : Promise.reject(error)`;

export const mutant = (rule: string, what: string, ...edits: Edit[]): Mutant => ({ rule, what, edits });

/**
 * Everything that is rare in a small program is frequent in a library with small limits: segments, pages, parts,
 * passivation, purges. No mutant itself: it has to survive all seeds.
 */
export const miniature: readonly Edit[] = [
  edit('engine/heads.js', 'HEAD_TARGET = 64 * 1024', 'HEAD_TARGET = 700'),
  edit('engine/heads.js', 'HISTORY_TARGET = 32 * 1024', 'HISTORY_TARGET = 300'),
  edit('engine/upkeep.js', 'MARGIN = 256', 'MARGIN = 2'),
  edit('engine/checkpoints.js', 'PAGE = 512 * 1024', 'PAGE = 400'),
  edit('engine/group.js', 'TARGET_BYTES = 256 * 1024', 'TARGET_BYTES = 12_000'),
  edit('engine/orchestration-runner.js', 'MOST_EXECUTIONS = 100', 'MOST_EXECUTIONS = 1'),
  edit('engine/orchestration-inputs.js', 'MOST_HELD = 500', 'MOST_HELD = 1'),
  edit('engine/mail-limits.js', 'pageBytes: 256 * 1024', 'pageBytes: 800'),
  edit('engine/channels.js', 'ENVELOPE_TARGET = 512 * 1024', 'ENVELOPE_TARGET = 200'),
  edit('engine/segment-cuts.js', 'SEGMENT_TARGET = 512 * 1024', 'SEGMENT_TARGET = 1_200'),
  edit('memory/connection.js', 'MAX_BODY_BYTES = 1_048_576 - 1024', 'MAX_BODY_BYTES = 2_000'),
  edit('wire/body-limit.js', 'RESERVE = 64 * 1024', 'RESERVE = 100'),
  edit('wire/body-limit.js', 'largestStep(maxBodyBytes) - 8 * 1024', 'largestStep(maxBodyBytes) - 20'),
];

/** Beside that, whatever changes of an entity's state is recorded in place of it, few changes are kept behind a stored one, and
 * what has changed a few times is stored apart. */
export const changing: readonly Edit[] = [
  ...miniature,
  edit('engine/entity-state.js', 'LEAST_SHARE = 32', 'LEAST_SHARE = 1e9'),
  edit('engine/entity-state.js', 'CHANGE_SHARE = 4', 'CHANGE_SHARE = 0.01'),
  edit('engine/entity-state.js', 'CHAIN_SHARE = 8', 'CHAIN_SHARE = 0.05'),
  edit('engine/entity-state.js', 'CHAIN_PATCHES = 1_000', 'CHAIN_PATCHES = 4'),
  edit('engine/entity-state.js', 'APART_SHARE = 8', 'APART_SHARE = 1e9'),
  edit('engine/entity-state.js', 'SMALL_CHANGES = 8', 'SMALL_CHANGES = 3'),
];

/** As `mutant`, in a library with small limits. */
export const small = (rule: string, what: string, ...edits: Edit[]): Mutant => ({
  rule,
  what,
  edits: beside(miniature, edits),
});

/** As `small`, where states go by what has changed. */
export const ofChanges = (rule: string, what: string, ...edits: Edit[]): Mutant => ({
  rule,
  what,
  edits: beside(changing, edits),
});

/** What is edited anyhow, unless one of the edits is of the same. */
function beside(always: readonly Edit[], edits: readonly Edit[]): readonly Edit[] {
  const isChanged = ({ file, find }: Edit): boolean =>
    edits.some((other) => other.file === file && (other.find.includes(find) || find.includes(other.find)));
  return [...always.filter((item) => !isChanged(item)), ...edits];
}

/** As `mutant`, for the simulation of workers that share partitions out. */
export const amongWorkers = (rule: string, what: string, ...edits: Edit[]): Mutant => ({
  ...mutant(rule, what, ...edits),
  simulation: 'workers',
});

/** As `mutant`, for the simulation of lives of instances. */
export const ofLives = (rule: string, what: string, ...edits: Edit[]): Mutant => ({
  ...mutant(rule, what, ...edits),
  simulation: 'lives',
});

/** As `mutant`, for the simulation of locks. */
export const ofLocking = (rule: string, what: string, ...edits: Edit[]): Mutant => ({
  ...mutant(rule, what, ...edits),
  simulation: 'locks',
});

/** The same in a library with small limits. */
export const smallOfLocking = (rule: string, what: string, ...edits: Edit[]): Mutant => ({
  ...small(rule, what, largerBodies, ...edits),
  simulation: 'locks',
});

/** As `mutant`, for the simulation of transactions. */
export const ofTrading = (rule: string, what: string, ...edits: Edit[]): Mutant => ({
  ...mutant(rule, what, ...edits),
  simulation: 'transactions',
});

/** The same in a library with small limits. */
export const smallOfTrading = (rule: string, what: string, ...edits: Edit[]): Mutant => ({
  ...small(rule, what, largerBodies, ...edits),
  simulation: 'transactions',
});

/** As `mutant`, for the simulation of times. */
export const ofTiming = (rule: string, what: string, ...edits: Edit[]): Mutant => ({
  ...mutant(rule, what, ...edits),
  simulation: 'times',
});

/** The same in a library with small limits. */
export const smallOfTiming = (rule: string, what: string, ...edits: Edit[]): Mutant => ({
  ...small(rule, what, largerBodies, ...edits),
  simulation: 'times',
});

/** As `ofLives`, in a library with small limits. */
export const smallOfLives = (rule: string, what: string, ...edits: Edit[]): Mutant => ({
  ...small(rule, what, largerBodies, ...edits),
  simulation: 'lives',
});

/** A life is more than the small bodies of a library with small limits hold. */
const largerBodies = edit('memory/connection.js', 'MAX_BODY_BYTES = 1_048_576 - 1024', 'MAX_BODY_BYTES = 8_000');
