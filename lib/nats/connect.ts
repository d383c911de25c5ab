import { connect } from 'nats';
import { credentialOptions } from './credentials.js';
import type { HubCredentials, HubTls } from './hub-credentials.js';
import { identityOfAddresses } from './server-identity.js';
import { isLogin, parseServers, type ServerAddresses } from './servers.js';
import type { Session } from './session.js';
import { openSession, type SessionOptions } from './session-opening.js';

/** How to reach the server. */
export interface ConnectOptions extends SessionOptions {
  /** Addresses such as `nats://localhost:4222`, several separated by commas; with user and password when needed. */
  readonly servers: string | readonly string[];
  /** Who connects; those in an address do not count then. */
  readonly credentials?: HubCredentials | undefined;
  readonly tls?: HubTls | undefined;
}

/** Connects as `openSession`, over TCP. */
export async function connectSession({ servers, credentials, tls, ...options }: ConnectOptions): Promise<Session> {
  return openSession(addressesOf(servers, credentials, tls), connect, options);
}

function addressesOf(
  servers: ConnectOptions['servers'],
  credentials: HubCredentials | undefined,
  tls: HubTls | undefined,
): ServerAddresses {
  const { where, options } = parseServers(servers);
  const own = credentialOptions(credentials, tls);
  const wanted = own.tls ?? options.tls;
  const checkServerIdentity = identityOfAddresses(options.servers);
  if (wanted && checkServerIdentity) own.tls = { ...wanted, checkServerIdentity } as NonNullable<typeof own.tls>;
  const { user: _, pass: _p, token: _t, ...rest } = options;
  return { where, options: { ...(isLogin(own) ? rest : options), ...own } };
}
