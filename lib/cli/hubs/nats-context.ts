import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../errors.js';

/** How to connect, as the command line, the environment or a context of the `nats` command says. Files are named, not read. */
export interface ConnectionSettings {
  readonly server?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  readonly creds?: string | undefined;
  readonly nkey?: string | undefined;
  readonly jwt?: string | undefined;
  readonly tlscert?: string | undefined;
  readonly tlskey?: string | undefined;
  readonly tlsca?: string | undefined;
  readonly tlsfirst?: boolean | undefined;
}

/** What a context may say that cannot be followed: to leave it away would lead to another place. */
const unknownHere = ['nsc', 'socks_proxy', 'jetstream_domain', 'jetstream_api_prefix', 'windows_cert_store'];

/** Reads a context of the `nats` command, from `~/.config/nats/context`. Throws ConfigError. */
export function natsContext(name: string): ConnectionSettings {
  const folder = join(process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'nats', 'context');
  const file = join(folder, `${name}.json`);
  if (!/^[\w.-]+$/.test(name) || name.startsWith('.'))
    throw new ConfigError('context: a name has letters, digits, _, - and dots only.');
  const context = contentOf(file, name);
  for (const field of unknownHere)
    if (context[field]) throw new ConfigError(`context: ${file} says ${field}, which Perdure does not know.`);
  const text = (field: string): string | undefined => {
    const value = context[field];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const path = (field: string): string | undefined => text(field)?.replace(/^~(?=\/|$)/, homedir());
  return {
    server: text('url'),
    user: text('user'),
    password: text('password'),
    token: text('token'),
    creds: path('creds'),
    nkey: path('nkey'),
    jwt: text('user_jwt'),
    tlscert: path('cert'),
    tlskey: path('key'),
    tlsca: path('ca'),
    tlsfirst: context['tls_first'] === true ? true : undefined,
  };
}

function contentOf(file: string, name: string): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`context: there is no context ${name}: ${file} cannot be read.`, { cause });
  }
  try {
    const context: unknown = JSON.parse(text);
    if (typeof context === 'object' && context !== null) return context as Readonly<Record<string, unknown>>;
  } catch {
    // told below: the parser's own text may show a part of the file
  }
  throw new ConfigError(`context: ${file} is no JSON object.`);
}
