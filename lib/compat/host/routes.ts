import { ConfigError } from '../../errors.js';

/** A path with names for parts of it, such as `orders/{id:int?}`. */
export class RouteTemplate {
  readonly #pattern: RegExp;
  readonly #names: readonly string[];
  /** Of routes that fit, the one with the most literal parts is meant, then that with the most constraints. */
  readonly weight: number;

  /** Throws ConfigError for one that cannot be read. */
  constructor(template: string, where: string) {
    const parts = template.replace(/^\/+|\/+$/g, '').split('/');
    const names: string[] = [];
    let weight = 0;
    let pattern = '';
    for (const part of parts) {
      const { form, isOptional, isLiteral, isConstrained } = partOf(part, names, where);
      weight = weight * 4 + (isLiteral ? 3 : isConstrained ? 2 : part.includes('{*') ? 0 : 1);
      pattern += isOptional ? `(?:/${form})?` : `/${form}`;
    }
    this.#pattern = new RegExp(`^${pattern}/?$`, 'i');
    this.#names = names;
    this.weight = weight;
  }

  /** The named parts of a path, decoded; undefined: it does not fit. */
  match(path: string): Record<string, string> | undefined {
    const found = this.#pattern.exec(path);
    if (!found) return undefined;
    const values = this.#names.map((name, at) => [name, decoded(found[at + 1] ?? '')] as const);
    return Object.fromEntries(values.filter(([, value]) => value !== ''));
  }
}

interface Part {
  readonly form: string;
  readonly isOptional: boolean;
  readonly isLiteral: boolean;
  readonly isConstrained: boolean;
}

const constraints: Readonly<Record<string, string>> = {
  int: '-?\\d+',
  long: '-?\\d+',
  bool: 'true|false',
  alpha: '[A-Za-z]+',
  guid: '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
  decimal: '-?\\d+(?:\\.\\d+)?',
  double: '-?\\d+(?:\\.\\d+)?',
  float: '-?\\d+(?:\\.\\d+)?',
  datetime: '[^/]+',
  required: '[^/]+',
};

/** One part between slashes: literal text around names. */
function partOf(part: string, names: string[], where: string): Part {
  let [isOptional, isConstrained] = [false, false];
  const form = part
    .split(/(\{[^}]*\})/)
    .map((piece) => {
      const [, star, name, constraint, mark] =
        /^\{(\*{0,2})([A-Za-z_]\w*)(?::([^}?]+(?:\([^)]*\))?))?(\?)?\}$/.exec(piece) ?? [];
      if (name === undefined) {
        if (piece.includes('{')) throw new ConfigError(`${where}: the route has ${piece}, which names nothing`);
        return piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      }
      names.push(name);
      isOptional ||= mark === '?' || star !== '';
      isConstrained ||= constraint !== undefined;
      return `(${star === '' ? formOf(constraint) : '.*'})`;
    })
    .join('');
  return { form, isOptional, isConstrained, isLiteral: !part.includes('{') };
}

/** Constraints that are not known fit anything: better to call the function than not. */
function formOf(constraint: string | undefined): string {
  const [, name = '', argument] = /^(\w+)(?:\((.*)\))?/.exec(constraint ?? '') ?? [];
  if (name === 'regex' && argument !== undefined)
    return argument.replace(/^\^|\$$/g, '').replaceAll(/\((?!\?)/g, '(?:');
  return constraints[name] ?? '[^/]+';
}

/** What is no encoding of a text stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
