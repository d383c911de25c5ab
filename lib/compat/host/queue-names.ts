import type { FunctionTrigger } from '../functions/bindings.js';
import { expanded } from './host-json.js';

/** A queue of the original, as a work queue of the hub. */
export interface HubQueue {
  readonly kind: 'storage' | 'serviceBus';
  /** As the app names it. */
  readonly shown: string;
  /** Of the work queue: names of activities and of their queues begin with a letter, so that none of them is meant. */
  readonly name: string;
}

const kinds: Readonly<Record<string, HubQueue['kind']>> = {
  queue: 'storage',
  queueTrigger: 'storage',
  serviceBus: 'serviceBus',
  serviceBusTrigger: 'serviceBus',
};

const prefixes = { storage: '_queue-', serviceBus: '_servicebus-' } as const;

/** The queue that a trigger or output is about; undefined: about none that there is here, such as a topic. */
export function queueOf(binding: FunctionTrigger): HubQueue | undefined {
  const { type, queueName, isSessionsEnabled, sdkBinding } = binding;
  const kind = kinds[type];
  if (kind === undefined || typeof queueName !== 'string' || queueName === '') return undefined;
  if (isSessionsEnabled === true || sdkBinding === true) return undefined;
  return hubQueue(kind, expanded(queueName));
}

/** Where messages go that a function has failed with too often: as in the original a queue, which may have a function too. */
export function poisonQueue({ kind, shown }: HubQueue): HubQueue {
  return hubQueue(kind, kind === 'storage' ? `${shown}-poison` : `${shown}/$deadletterqueue`);
}

/** Names are the same in capitals and not. Those of Service Bus may have slashes, which names of work queues have not; colons they have not. */
function hubQueue(kind: HubQueue['kind'], shown: string): HubQueue {
  return { kind, shown, name: prefixes[kind] + shown.toLowerCase().replaceAll('/', ':') };
}
