import type { VersionMatchStrategy } from '../../core/orchestrator-version.js';
import { ConfigError } from '../../errors.js';
import type { LogLevel } from '../functions/bindings.js';

/** What the host of an app is told by its `host.json`. */
export interface HostSettings {
  /** The task hub. */
  readonly hubName: string;
  /** What stands before the routes of functions, without slashes around it. */
  readonly routePrefix: string;
  /** How long one run of an activity, and one request, may take, in milliseconds; undefined: as long as it takes. */
  readonly functionTimeout: number | undefined;
  readonly maxConcurrentActivities: number | undefined;
  /** The wait between two polls of `callHttp`, in milliseconds. */
  readonly pollingInterval: number | undefined;
  /** Of the task hub, when it is created. */
  readonly partitions: number | undefined;
  readonly version: string | undefined;
  readonly versionMatchStrategy: VersionMatchStrategy | undefined;
  /** Whether a start replaces an instance of its id that goes on. */
  readonly replacesRunning: boolean;
  /** The least level of the lines of functions that are written. */
  readonly logLevel: LogLevel;
  /** Settings that are of no effect here. */
  readonly ignored: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

const levels: readonly LogLevel[] = ['trace', 'debug', 'information', 'warning', 'error', 'critical', 'none'];

const strategies: Readonly<Record<string, VersionMatchStrategy>> = {
  none: 'none',
  strict: 'strict',
  currentorolder: 'currentOrOlder',
};

/** Whether a line of this level is written where the least is that. */
export function isWritten(level: LogLevel, least: LogLevel): boolean {
  return least !== 'none' && levels.indexOf(level) >= levels.indexOf(least);
}

/** What a `host.json` says; undefined: there is none. Throws ConfigError for one that cannot be read. */
export function hostSettings(text: string | undefined): HostSettings {
  const root = text === undefined ? {} : jsonObject(text, 'host.json');
  const reader = new Reader(root);
  const durable = 'extensions.durableTask';
  const version = reader.text(`${durable}.defaultVersion`);
  const strategy = reader.text(`${durable}.versionMatchStrategy`) ?? 'currentOrOlder';
  const settings = {
    hubName: reader.text(`${durable}.hubName`) ?? 'TestHubName',
    routePrefix: (reader.text('extensions.http.routePrefix') ?? 'api').replace(/^\/+|\/+$/g, ''),
    functionTimeout: timeSpan(reader.text('functionTimeout'), 'functionTimeout'),
    maxConcurrentActivities: reader.number(`${durable}.maxConcurrentActivityFunctions`),
    pollingInterval: reader.number(`${durable}.httpSettings.defaultAsyncRequestSleepTimeMilliseconds`),
    partitions: reader.number(`${durable}.storageProvider.partitionCount`),
    version,
    versionMatchStrategy: version === undefined ? undefined : strategies[strategy.toLowerCase()],
    replacesRunning: reader.text(`${durable}.overridableExistingInstanceStates`)?.toLowerCase() === 'anystate',
    logLevel: levelOf(reader.text('logging.logLevel.Function') ?? reader.text('logging.logLevel.default')),
  };
  for (const known of ['version', 'extensionBundle', '$schema']) reader.take(known);
  return { ...settings, ignored: reader.left() };
}

/** A JSON file as an object, comments allowed. Throws ConfigError. */
export function jsonObject(text: string, file: string): Fields {
  const bare = text
    .replace(/^\uFEFF/, '')
    .replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[^]*?\*\//g, (_, quoted: string | undefined) => quoted ?? '');
  try {
    const value: unknown = JSON.parse(bare);
    if (isObject(value)) return value;
  } catch (cause) {
    throw new ConfigError(`${file}: is no JSON: ${(cause as Error).message}`, { cause });
  }
  throw new ConfigError(`${file}: must be an object`);
}

/** `[days.]hours:minutes:seconds` in milliseconds; undefined for none, and for -1, which is no limit. Throws ConfigError. */
export function timeSpan(text: string | undefined, name: string): number | undefined {
  if (text === undefined || text === '-1') return undefined;
  const [, days = '0', hours, minutes, seconds] =
    /^(?:(\d+)\.)?(\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d+)?)$/.exec(text) ?? [];
  if (hours === undefined) throw new ConfigError(`${name}: must be a time span such as 00:05:00, not ${text}`);
  return (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
}

function levelOf(text: string | undefined): LogLevel {
  const level = text?.toLowerCase() as LogLevel | undefined;
  return level !== undefined && levels.includes(level) ? level : 'information';
}

/** Reads settings by their paths, and knows which were not read. */
class Reader {
  readonly #left = new Map<string, unknown>();

  constructor(root: Fields) {
    this.#add(root, '');
  }

  take(path: string): unknown {
    const value = this.#left.get(path);
    this.#left.delete(path);
    for (const below of this.#left.keys()) if (below.startsWith(`${path}.`)) this.#left.delete(below);
    return value;
  }

  text(path: string): string | undefined {
    const value = this.take(path);
    return typeof value === 'string' ? expanded(value) : undefined;
  }

  number(path: string): number | undefined {
    const value = this.take(path);
    return typeof value === 'number' ? value : undefined;
  }

  left(): readonly string[] {
    return [...this.#left.keys()];
  }

  #add(fields: Fields, above: string): void {
    for (const [name, value] of Object.entries(fields))
      if (isObject(value)) this.#add(value, `${above}${name}.`);
      else this.#left.set(`${above}${name}`, value);
  }
}

/** `%NAME%` stands for a setting. */
export function expanded(text: string): string {
  return text.replace(/%([^%]+)%/g, (whole, name: string) => process.env[name] ?? whole);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
