import type { FunctionOptions, FunctionOutput, FunctionResult, FunctionTrigger } from './bindings.js';
import type { InvocationContext } from './invocation-context.js';

/** Which queue of a storage account is meant: here a queue of the task hub. */
export interface StorageQueueOptions {
  /** Its name, or `%SETTING%`. */
  queueName: string;
  /** Of the original, and of no effect: all queues are in the task hub. */
  connection: string;
}

/** The code of a function that is called with the messages of a queue: values when they are JSON, else texts. */
export type StorageQueueHandler<T = unknown> = (queueEntry: T, context: InvocationContext) => FunctionResult;

/** Which queue calls a function. */
export type StorageQueueTriggerOptions = StorageQueueOptions;

/** What calls a function with the messages of a queue. */
export type StorageQueueTrigger = FunctionTrigger & StorageQueueTriggerOptions;

/** Which queue messages go to. */
export type StorageQueueOutputOptions = StorageQueueOptions;

/** A queue that messages go to. */
export type StorageQueueOutput = FunctionOutput & StorageQueueOutputOptions;

/** A function that is called with the messages of a queue, as it is registered. */
export interface StorageQueueFunctionOptions<T = unknown> extends StorageQueueTriggerOptions, Partial<FunctionOptions> {
  /** Its code. */
  handler: StorageQueueHandler<T>;
  /** What calls it. */
  trigger?: StorageQueueTrigger;
}

/** Which queue of Service Bus messages go to: here a queue of the task hub. */
export interface ServiceBusQueueOutputOptions {
  /** Of the original, and of no effect: all queues are in the task hub. */
  connection: string;
  /** Its name, or `%SETTING%`. */
  queueName: string;
}

/** A queue of Service Bus that messages go to. */
export type ServiceBusQueueOutput = FunctionOutput & ServiceBusQueueOutputOptions;

/** Which queue of Service Bus calls a function. */
export interface ServiceBusQueueTriggerOptions extends ServiceBusQueueOutputOptions {
  /** Sessions are not there: `perdure func start` refuses them. */
  isSessionsEnabled?: boolean;
  /** Of the original, and of no effect: a message is done when its function has ended well. */
  autoCompleteMessages?: boolean;
  /** `many`: the function gets an array, here of one message. */
  cardinality?: 'many' | 'one';
  /** Clients of the SDK are not there: `perdure func start` refuses them. */
  sdkBinding?: boolean;
}

/** What calls a function with the messages of a queue of Service Bus. */
export type ServiceBusQueueTrigger = FunctionTrigger & ServiceBusQueueTriggerOptions;

/** The code of a function that is called with the messages of a queue of Service Bus. */
export type ServiceBusQueueHandler<T = unknown> = (messages: T, context: InvocationContext) => FunctionResult;

/** A function that is called with the messages of a queue of Service Bus, as it is registered. */
export interface ServiceBusQueueFunctionOptions<T = unknown>
  extends ServiceBusQueueTriggerOptions, Partial<FunctionOptions> {
  /** Its code. */
  handler: ServiceBusQueueHandler<T>;
  /** What calls it. */
  trigger?: ServiceBusQueueTrigger;
}
