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
