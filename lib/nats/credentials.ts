import { credsAuthenticator, jwtAuthenticator, nkeyAuthenticator, type ConnectionOptions } from 'nats';
import { ConfigError } from '../errors.js';

/** Who connects to a NATS server, in one of its ways. None of it is ever logged or part of an error. */
export interface HubCredentials {
  /** The name of a user. */
  readonly user?: string | undefined;
  /** The password of `user`. */
  readonly password?: string | undefined;
  /** A token. */
  readonly token?: string | undefined;
  /** The text of a credentials file, as `nsc` makes it: a JWT and the seed of its key. */
  readonly creds?: string | undefined;
  /** The seed of a user's nkey, which begins with `SU`. */
  readonly nkeySeed?: string | undefined;
  /** A user's JWT, whose key is that of `nkeySeed`. */
  readonly jwt?: string | undefined;
}

/** How a connection is encrypted. Its parts are the texts of PEM files. */
export interface HubTls {
  /** The authorities that may have signed the server's certificate. Default: those that Node.js knows. */
  readonly ca?: string | undefined;
  /** The client's own certificate, where the server asks for one. */
  readonly cert?: string | undefined;
  /** The private key of `cert`. */
  readonly key?: string | undefined;
  /** Whether the server speaks TLS from the first byte (`handshake_first` of its configuration). Default false. */
  readonly handshakeFirst?: boolean | undefined;
}

/** The same for the client of NATS. Throws ConfigError, without any secret in it. */
export function credentialOptions(credentials: HubCredentials = {}, tls?: HubTls): ConnectionOptions {
  return { ...loginOf(credentials), ...(tls && { tls: tlsOf(tls) }) };
}

const SEED = /\bSU[A-Z2-7]{56}\b/;

function loginOf({ user, password, token, creds, nkeySeed, jwt }: HubCredentials): ConnectionOptions {
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
