import { createAccount, createOperator, createUser, type KeyPair } from 'nkeys.js';
import { hubRoles, type HubPermissions, type HubRole } from '../../lib/nats/permissions/hub-permissions.js';

/** What `nsc` makes of an operator, two accounts and their users: the texts of files, signed by keys of their own. */
export interface MadeJwts {
  /** For the server: an operator that trusts both accounts. */
  readonly configuration: string;
  /** The text of a credentials file; `expiresAt` in seconds since 1970. */
  creds(role: HubRole, expiresAt?: number): string;
  /** The parts of such a file, for who keeps them apart. */
  parts(role: HubRole): { readonly jwt: string; readonly nkeySeed: string };
}

const text = new TextDecoder();

function signed(signer: KeyPair, subject: string, name: string, nats: object, exp?: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    jti: name,
    iat: Math.floor(Date.now() / 1_000),
    iss: signer.getPublicKey(),
    name,
    sub: subject,
    nats,
    ...(exp !== undefined && { exp }),
  };
  const body = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`;
  return `${body}.${Buffer.from(signer.sign(Buffer.from(body))).toString('base64url')}`;
}

const unlimited = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** Accounts and users with what `perdure hub permissions --format json` says. */
export function madeJwts({ account, clientAccount, shared, roles }: HubPermissions): MadeJwts {
  const [operator, system, own, clients] = [createOperator(), createAccount(), createAccount(), createAccount()];
  const of = (type: string, rest: object): object => ({ type, version: 2, ...rest });
  const exports = shared.map(({ kind, subject, hasManyAnswers }) => ({
    name: subject,
    subject,
    type: kind,
    ...(hasManyAnswers && { response_type: 'Stream' }),
  }));
  const imports = shared.map(({ kind, subject }) => ({
    name: subject,
    subject,
    account: own.getPublicKey(),
    type: kind,
  }));
  // What a user may do stands in its account, as the scope of a signing key: a login has to fit one line of 4 KiB.
  const scopes = Object.fromEntries(
    Object.entries(roles).map(([role, { publish, subscribe }]) => {
      const template = { pub: { allow: publish }, sub: { allow: subscribe }, subs: -1, data: -1, payload: -1 };
      return [role, { key: createAccount(), template }];
    }),
  ) as Record<HubRole, { key: KeyPair; template: object }>;
  const scopesOf = (name: string) =>
    hubRoles
      .filter((role) => roles[role].account === name)
      .map((role) => ({
        kind: 'user_scope',
        key: scopes[role].key.getPublicKey(),
        role,
        template: scopes[role].template,
      }));
  const accounts = {
    [system.getPublicKey()]: of('account', { limits: unlimited }),
    [own.getPublicKey()]: of('account', {
      limits: { ...unlimited, ...storage },
      exports,
      signing_keys: scopesOf(account),
    }),
    [clients.getPublicKey()]: of('account', { limits: unlimited, imports, signing_keys: scopesOf(clientAccount) }),
  };
  const preloaded = Object.entries(accounts).map(([key, nats]) => `${key}: ${signed(operator, key, key, nats)}`);
  const user = (role: HubRole, expiresAt?: number) => {
    const key = createUser();
    const issuer = roles[role].account === account ? own : clients;
    const nats = of('user', { issuer_account: issuer.getPublicKey() });
    const jwt = signed(scopes[role].key, key.getPublicKey(), role, nats, expiresAt);
    return { jwt, nkeySeed: text.decode(key.getSeed()) };
  };
  return {
    configuration: [
      `operator: ${signed(operator, operator.getPublicKey(), 'operator', of('operator', {}))}`,
      `system_account: ${system.getPublicKey()}`,
      'resolver: MEMORY',
      `resolver_preload { ${preloaded.join('\n')} }`,
    ].join('\n'),
    creds: (role, expiresAt) => {
      const { jwt, nkeySeed } = user(role, expiresAt);
      return [
        '-----BEGIN NATS USER JWT-----',
        jwt,
        '------END NATS USER JWT------',
        '',
        '-----BEGIN USER NKEY SEED-----',
        nkeySeed,
        '------END USER NKEY SEED------',
        '',
      ].join('\n');
    },
    parts: user,
  };
}
