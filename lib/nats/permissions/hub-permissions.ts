import { ConfigError } from '../../errors.js';
import { checkHubName } from '../../wire/checks.js';
import { mostPartitions } from '../../wire/hub-record.js';
import { bucketStreamName, objectStreamName, streamKinds, subjectsOf } from '../../wire/subjects.js';

/** Who connects to a task hub, as the server tells them apart. */
export type HubRole = 'client' | 'worker' | 'gateway' | 'admin';

/** All roles. */
export const hubRoles: readonly HubRole[] = ['client', 'worker', 'gateway', 'admin'];

/** What a user may do in its account; all else is refused. */
export interface RolePermissions {
  /** The account that the user is in: the hub's own, or that of those who only ask. */
  readonly account: string;
  /** The subjects that it may publish on. */
  readonly publish: readonly string[];
  /** The subjects that it may subscribe to. */
  readonly subscribe: readonly string[];
}

/** What the hub's account lets those who only ask have of it. */
export interface SharedSubject {
  /** `service`: requests go in and answers come back; `stream`: messages come out. */
  readonly kind: 'service' | 'stream';
  readonly subject: string;
  /** A request of it may have more than one answer. */
  readonly hasManyAnswers?: true;
}

/** The accounts and users of a task hub, and what each may do (docs/adr/0063). */
export interface HubPermissions {
  readonly hub: string;
  readonly partitions: number;
  /** The account with the hub's streams. */
  readonly account: string;
  /** The account of clients and gateways, which holds nothing. */
  readonly clientAccount: string;
  readonly shared: readonly SharedSubject[];
  readonly roles: Readonly<Record<HubRole, RolePermissions>>;
}

/** Where the server takes answers for another account: each under a name that nobody can guess. */
const ANSWERS = '_R_.>';

/**
 * What each role needs of a server and no more. The number of partitions is that of the hub, which is fixed. Throws
 * InvalidHubError and ConfigError.
 */
export function hubPermissions(name: string, partitions: number): HubPermissions {
  const hub = checkHubName(name);
  if (!(Number.isInteger(partitions) && partitions >= 1 && partitions <= mostPartitions))
    throw new ConfigError(`partitions: must be a whole number from 1 to ${mostPartitions}, not ${partitions}`);
  const names = namesOf(hub, partitions);
  const [account, clientAccount] = [`PD-${hub}`, `PD-${hub}.clients`];
  const shared = sharedSubjects(names);
  const client: RolePermissions = {
    account: clientAccount,
    publish: shared.filter(({ kind }) => kind === 'service').map(({ subject }) => subject),
    subscribe: [names.inboxes],
  };
  const worker: RolePermissions = {
    account,
    publish: [...names.ownSubjects, names.inboxes, ANSWERS, ...usingStreams(names), ...acknowledging(names)],
    subscribe: [names.inboxes, ...names.bus],
  };
  const admin: RolePermissions = {
    account,
    publish: [...names.ownSubjects, ...usingStreams(names), ...managingStreams(names)],
    subscribe: [names.inboxes],
  };
  return { hub, partitions, account, clientAccount, shared, roles: { client, worker, gateway: client, admin } };
}

type Names = ReturnType<typeof namesOf>;

/** Partitions are named one by one: `pd.<hub>.*.q` would be a work queue of that name, too. */
function namesOf(hub: string, count: number) {
  const subjects = subjectsOf(hub);
  const partitions = Array.from({ length: count }, (_, partition) => subjects.partition(partition));
  const { bucket, objects, tasksStream, deadLetters, inboxPrefix } = subjects;
  const [kv, values] = [bucketStreamName(bucket), objectStreamName(objects)];
  const queries = partitions.map((names) => names.queries);
  const states = partitions.map((names) => names.streamName('state'));
  const ofPartitions = partitions.flatMap((names) => streamKinds.map((kind) => names.streamName(kind)));
  return {
    inboxes: `${inboxPrefix}.>`,
    inboxPrefix,
    mails: partitions.flatMap((names) => names.streamSubjects('mail')),
    queries,
    objects: `$O.${objects}.>`,
    ownSubjects: [`pd.${hub}.>`, `$KV.${bucket}.>`, `$O.${objects}.>`],
    bus: [subjects.received, subjects.workers, subjects.unwanted, subjects.steps('*'), ...queries],
    states,
    tasks: tasksStream,
    /** What a client looks at itself when nobody answers. */
    readable: [kv, values, tasksStream, ...states],
    all: [kv, deadLetters.stream, values, tasksStream, ...ofPartitions],
  };
}

function sharedSubjects({ mails, queries, objects, states, readable, all, inboxPrefix }: Names): SharedSubject[] {
  const services = [
    ...mails,
    objects,
    '$JS.API.INFO',
    ...all.map((stream) => `$JS.API.STREAM.INFO.${stream}`),
    ...readable.map((stream) => `$JS.API.STREAM.MSG.GET.${stream}`),
  ];
  const withManyAnswers = [...queries, ...states.map((stream) => `$JS.API.DIRECT.GET.${stream}`)];
  return [
    ...services.map((subject) => ({ kind: 'service', subject }) as const),
    ...withManyAnswers.map((subject) => ({ kind: 'service', subject, hasManyAnswers: true }) as const),
    // Outcomes and notices only: answers to the workers' own requests stay where they are.
    ...['o', 'n'].map((last) => ({ kind: 'stream', subject: `${inboxPrefix}.*.${last}` }) as const),
  ];
}

function usingStreams({ all }: Names): string[] {
  const ofStreams = ['STREAM.INFO', 'STREAM.MSG.GET', 'STREAM.MSG.DELETE', 'STREAM.PURGE'];
  const ofConsumers = ['CONSUMER.CREATE', 'CONSUMER.MSG.NEXT', 'CONSUMER.DELETE'];
  return [
    '$JS.API.INFO',
    ...all.flatMap((stream) => [
      ...ofStreams.map((request) => `$JS.API.${request}.${stream}`),
      ...ofConsumers.map((request) => `$JS.API.${request}.${stream}.>`),
    ]),
  ];
}

/** With a domain the server's subjects of acknowledgements have it and the account before the stream. */
function acknowledging({ tasks }: Names): string[] {
  return [`$JS.ACK.${tasks}.>`, `$JS.ACK.*.*.${tasks}.>`];
}

function managingStreams({ all }: Names): string[] {
  const requests = ['CREATE', 'UPDATE', 'DELETE', 'SNAPSHOT', 'RESTORE'];
  return all.flatMap((stream) => requests.map((request) => `$JS.API.STREAM.${request}.${stream}`));
}
