import { PerdureError, TaskFailedError } from '../errors.js';
import type { HttpCall } from './http-call.js';
import { HTTP_ACTIVITY, type DurableHttpResponse, type HttpRequest } from './http-messages.js';
import { pollAfter } from './http-polling.js';
import { retryAfter } from './retry-after.js';
import type { RetryOptions } from './retry-options.js';
import { TaskNode, type TaskParent } from './task-node.js';

/** What an HTTP call needs of its execution. */
export interface HttpPort {
  /** Schedules the activity that sends a request. */
  send(request: HttpRequest): TaskNode<DurableHttpResponse>;
  /** Tries again as the options say, but not sooner than `atLeast` says, in milliseconds. Throws ConfigError. */
  attempt(
    start: () => TaskNode<DurableHttpResponse>,
    retry: RetryOptions,
    atLeast: () => number,
  ): TaskNode<DurableHttpResponse>;
  /** A durable timer over so many milliseconds. */
  wait(milliseconds: number): TaskNode<void>;
  /** The time of the current turn. */
  now(): number;
  /** Whether polls keep the header `x-functions-key`. Until behaviour 1. */
  readonly keepsKey: boolean;
  /** Why nothing more is to be sent: the orchestration is to end. */
  cancellation(): PerdureError | undefined;
}

/**
 * Sends a request and, while the answer is a 202 that says where, asks again there. Every request, every attempt and every
 * wait is an action of its own in the history. It goes on when it loses a race, as an activity would; a poll that waits for
 * its time when the orchestration is canceled is not made.
 */
export class HttpTask extends TaskNode<DurableHttpResponse> implements TaskParent {
  readonly #call: HttpCall;
  readonly #port: HttpPort;
  #request: HttpRequest;
  #isPoll = false;
  #timer: TaskNode<void> | undefined;

  constructor(call: HttpCall, port: HttpPort) {
    super();
    this.#call = call;
    this.#port = port;
    this.#request = call.request;
    this.#send();
  }

  childCompleted(child: TaskNode<unknown>): void {
    if (child === this.#timer) {
      const cancellation = this.#port.cancellation();
      return cancellation ? this.settle({ error: asFailure(cancellation) }) : this.#send();
    }
    const answer = answerOf(child as TaskNode<DurableHttpResponse>);
    if ('error' in answer) return this.settle(answer);
    try {
      this.#proceed(answer.value);
    } catch (error) {
      this.settle({ error: error instanceof PerdureError ? asFailure(error) : error });
    }
  }

  #proceed(response: DurableHttpResponse): void {
    const { keepsKey } = this.#port;
    const answering = { isPoll: this.#isPoll, keepsKey, now: this.#port.now() };
    const poll = pollAfter(this.#request, response, this.#call, answering);
    if (!poll) return this.settle({ value: response });
    this.#isPoll = true;
    this.#request = poll.request;
    this.#timer = this.#port.wait(poll.delay);
    this.#timer.attach(this);
  }

  #send(): void {
    const request = this.#request;
    const { retry } = this.#call;
    const sent = retry ? this.#sendAgainAndAgain(request, retry) : this.#port.send(request);
    sent.attach(this);
  }

  #sendAgainAndAgain(request: HttpRequest, retry: NonNullable<HttpCall['retry']>): TaskNode<DurableHttpResponse> {
    let attempt: HttpAttempt | undefined;
    const start = () => (attempt = new HttpAttempt(this.#port.send(request), retry.statusCodes));
    const asked = () => retryAfter(attempt?.refused?.headers['retry-after'], this.#port.now()) ?? 0;
    return this.#port.attempt(start, retry, asked);
  }
}

/** One attempt: an answer with a status that is to be tried again counts as a failure. */
class HttpAttempt extends TaskNode<DurableHttpResponse> implements TaskParent {
  readonly #statusCodes: readonly number[];
  /** The answer that counts as a failure. */
  refused: DurableHttpResponse | undefined;

  constructor(sent: TaskNode<DurableHttpResponse>, statusCodes: readonly number[]) {
    super();
    this.#statusCodes = statusCodes;
    sent.attach(this);
  }

  childCompleted(sent: TaskNode<unknown>): void {
    const outcome = (sent as TaskNode<DurableHttpResponse>).outcome!;
    const isRefused = 'value' in outcome && this.#statusCodes.includes(outcome.value.statusCode);
    if (!isRefused) return this.settle(outcome);
    this.refused = outcome.value;
    this.settle({ error: new RefusedStatusError(outcome.value) });
  }
}

/** Between an attempt and its retries only: in the end the answer is an answer. */
class RefusedStatusError extends TaskFailedError {
  constructor(readonly response: DurableHttpResponse) {
    super(`activity "${HTTP_ACTIVITY}"`, { name: 'HttpStatusError', message: `status ${response.statusCode}` });
  }
}

/** How a request ended, with retries or without. */
function answerOf(sent: TaskNode<DurableHttpResponse>) {
  const outcome = sent.outcome!;
  return 'error' in outcome && outcome.error instanceof RefusedStatusError
    ? { value: outcome.error.response }
    : outcome;
}

/** As an activity fails; without a stack, which would not be the same on every replay. */
function asFailure({ name, message, code }: PerdureError): TaskFailedError {
  return new TaskFailedError(`activity "${HTTP_ACTIVITY}"`, { name, message, code });
}
