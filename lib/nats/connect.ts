import { connect } from 'nats';
import { parseServers } from './servers.js';
import type { Session } from './session.js';
import { openSession, type SessionOptions } from './session-opening.js';

/** How to reach the server. */
export interface ConnectOptions extends SessionOptions {
  /** Addresses such as `nats://localhost:4222`, several separated by commas; with user and password when needed. */
  readonly servers: string | readonly string[];
}

/** Connects as `openSession`, over TCP. */
export async function connectSession({ servers, ...options }: ConnectOptions): Promise<Session> {
  return openSession(parseServers(servers), connect, options);
}
