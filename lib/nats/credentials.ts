import { credsAuthenticator, jwtAuthenticator, nkeyAuthenticator, type ConnectionOptions } from 'nats';
import { ConfigError } from '../errors.js';
import type { HubCredentials, HubTls } from './hub-credentials.js';
import type { Login } from './servers.js';

/** Who connects, and how, for the client of NATS. Throws ConfigError, without any secret in it. */
export function credentialOptions(
  credentials: HubCredentials = {},
  tls?: HubTls,
): Login & Pick<ConnectionOptions, 'tls'> {
  return { ...loginOf(credentials), ...(tls && { tls: tlsOf(tls) }) };
}

const SEED = /\bSU[A-Z2-7]{56}\b/;

function loginOf({ user, password, token, creds, nkeySeed, jwt }: HubCredentials): Login {
  const ways = { user, token, creds, nkeySeed };
  const given = Object.entries(ways).filter(([, value]) => value !== undefined);
  if (given.length > 1)
    throw new ConfigError(`credentials: give one of ${given.map(([name]) => name).join(' and ')}, not both.`);
  if (password !== undefined && user === undefined) throw new ConfigError('credentials: a password needs its user.');
  if (jwt !== undefined && nkeySeed === undefined) throw new ConfigError('credentials: a jwt needs its nkeySeed.');
  if (user !== undefined) return { user, ...(password !== undefined && { pass: password }) };
  if (token !== undefined) return { token };
  const encoder = new TextEncoder();
  if (creds !== undefined) {
    if (!/-+BEGIN NATS USER JWT-+\s/.test(creds) || !SEED.test(creds))
      throw new ConfigError('credentials.creds: is not the text of a credentials file, as nsc makes it.');
    return { authenticator: credsAuthenticator(encoder.encode(creds)) };
  }
  if (nkeySeed === undefined) return {};
  const seed = SEED.exec(nkeySeed)?.[0];
  if (seed === undefined)
    throw new ConfigError('credentials.nkeySeed: is not the seed of a user, which begins with SU and has 58 letters.');
  const key = encoder.encode(seed);
  return { authenticator: jwt === undefined ? nkeyAuthenticator(key) : jwtAuthenticator(jwt.trim(), key) };
}

function tlsOf({ ca, cert, key, handshakeFirst }: HubTls): NonNullable<ConnectionOptions['tls']> {
  if ((cert === undefined) !== (key === undefined)) throw new ConfigError('tls: cert and key go together.');
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
    ...(handshakeFirst !== undefined && { handshakeFirst }),
  };
}
