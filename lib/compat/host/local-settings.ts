import { ConfigError } from '../../errors.js';
import { jsonObject } from './host-json.js';

/** What `local.settings.json` says. */
export interface LocalSettings {
  /** Settings, for the environment. */
  readonly values: Readonly<Record<string, string>>;
  /** Where to listen, unless the command line says it. */
  readonly port: number | undefined;
  /** Origins of pages that may ask. */
  readonly origins: readonly string[];
}

/** Reads it; undefined: there is none. Throws ConfigError for one that cannot be read, or is encrypted. */
export function localSettings(text: string | undefined): LocalSettings {
  const { IsEncrypted, Values = {}, Host = {} } = text === undefined ? {} : jsonObject(text, 'local.settings.json');
  if (IsEncrypted === true)
    throw new ConfigError('local.settings.json: is encrypted. Decrypt it first: func settings decrypt');
  const host = Host as { readonly LocalHttpPort?: unknown; readonly CORS?: unknown };
  const values = Object.entries(Values as Record<string, unknown>).map(
    ([name, value]) => [name, String(value)] as const,
  );
  return {
    values: Object.fromEntries(values),
    port: typeof host.LocalHttpPort === 'number' ? host.LocalHttpPort : undefined,
    origins: typeof host.CORS === 'string' ? host.CORS.split(',').map((origin) => origin.trim()) : [],
  };
}
