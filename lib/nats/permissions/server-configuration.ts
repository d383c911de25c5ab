import {
  hubRoles,
  type HubPermissions,
  type HubRole,
  type RolePermissions,
  type SharedSubject,
} from './hub-permissions.js';

/** The public keys of users that log in with an nkey; the others have a password, which the server takes from its environment. */
export type UserKeys = Readonly<Partial<Record<HubRole, string>>>;

/** The accounts of a hub as a configuration of nats-server. No secret is in it. */
export function serverConfiguration(permissions: HubPermissions, keys: UserKeys = {}): string {
  const { hub, partitions, account, clientAccount, shared } = permissions;
  const usersOf = (name: string): string[] =>
    list(
      'users',
      hubRoles
        .filter((role) => permissions.roles[role].account === name)
        .map((role) => userEntry(permissions, role, keys)),
    );
  return `${[
    `# Task hub ${hub}, ${count(partitions, 'partition')}: its accounts and who may do what, made by "perdure hub permissions".`,
    ...passwordNote(permissions, keys),
    'accounts {',
    ...indented([
      `${quoted(account)} {`,
      ...indented(['jetstream: enabled', ...usersOf(account), ...list('exports', shared.map(exportOf))]),
      '}',
      `${quoted(clientAccount)} {`,
      ...indented([
        ...usersOf(clientAccount),
        ...list(
          'imports',
          shared.map(
            ({ kind, subject }) => `{ ${kind}: { account: ${quoted(account)}, subject: ${quoted(subject)} } }`,
          ),
        ),
      ]),
      '}',
    ]),
    '}',
  ].join('\n')}\n`;
}

/** One user of a hub, as it stands among those of its account. */
export function userEntry({ hub, roles }: HubPermissions, role: HubRole, keys: UserKeys = {}): string {
  const key = keys[role];
  const login = key
    ? [`nkey: ${quoted(key)}`]
    : [`user: ${quoted(`${hub}-${role}`)}`, `password: $${passwordVariable(hub, role)}`];
  return ['{', ...indented([...login, ...permissionsOf(roles[role])]), '}'].join('\n');
}

/** The variable in the server's environment that holds a user's password. */
export function passwordVariable(hub: string, role: HubRole): string {
  return `PD_${hub}_${role}_PASSWORD`.toUpperCase().replaceAll('-', '_');
}

function passwordNote({ hub }: HubPermissions, keys: UserKeys): string[] {
  const names = hubRoles.filter((role) => !keys[role]).map((role) => passwordVariable(hub, role));
  if (names.length === 0) return [];
  return [
    `# Passwords come from the environment of nats-server: ${names.join(', ')}.`,
    '# Put them in double quotes there, above all those that "nats server passwd" has encrypted.',
  ];
}

function permissionsOf({ publish, subscribe }: RolePermissions): string[] {
  return [
    'permissions: {',
    ...indented([
      'publish: {',
      ...indented(list('allow', publish.map(quoted))),
      '}',
      `subscribe: { allow: [${subscribe.map(quoted).join(', ')}] }`,
    ]),
    '}',
  ];
}

function exportOf({ kind, subject, hasManyAnswers }: SharedSubject): string {
  return `{ ${kind}: ${quoted(subject)}${hasManyAnswers ? ', response: stream' : ''} }`;
}

function list(name: string, items: readonly string[]): string[] {
  return [`${name}: [`, ...indented(items), ']'];
}

function indented(lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split('\n')).map((line) => `  ${line}`);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
