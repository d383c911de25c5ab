import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../errors.js';

/** An app of functions, as its folder shows it. */
export interface AppFolder {
  readonly folder: string;
  /** The modules that register its functions, in the order in which they are loaded. */
  readonly files: readonly string[];
  readonly isModule: boolean;
  /** Undefined: there is none. */
  readonly hostJson: string | undefined;
  readonly localSettings: string | undefined;
}

/** Looks at an app. Throws ConfigError when there is none. */
export function appFolder(folder: string): AppFolder {
  const packageText = contentOf(join(folder, 'package.json'));
  if (packageText === undefined)
    throw new ConfigError(
      `${folder} has no package.json. Run the command in the folder of a functions app, or name it.`,
    );
  const { main, type } = packageOf(packageText, folder);
  if (typeof main !== 'string' || main === '')
    throw new ConfigError(
      `${folder}/package.json: "main" must name the modules of functions, such as "src/functions/*.js"`,
    );
  const files = filesOf(folder, main);
  if (files.length === 0)
    throw new ConfigError(
      `${folder}/package.json: "main" is ${JSON.stringify(main)}, and no file fits. Build the app first, such as with npm run build.`,
    );
  return {
    folder,
    files,
    isModule: type === 'module',
    hostJson: contentOf(join(folder, 'host.json')),
    localSettings: contentOf(join(folder, 'local.settings.json')),
  };
}

function packageOf(text: string, folder: string): { readonly main?: unknown; readonly type?: unknown } {
  try {
    return JSON.parse(text) as { readonly main?: unknown; readonly type?: unknown };
  } catch (cause) {
    throw new ConfigError(`${folder}/package.json: is no JSON: ${(cause as Error).message}`, { cause });
  }
}

function filesOf(folder: string, main: string): readonly string[] {
  const pattern = main.replace(/^\.\//, '');
  if (!/[*?{[(!]/.test(pattern)) {
    const file = [pattern, `${pattern}.js`, `${pattern}/index.js`].find((name) => isFile(join(folder, name)));
    return file === undefined ? [] : [join(folder, file)];
  }
  const form = patternOf(pattern);
  const [literal] = /^(?:[^*?{[(!]*\/)?/.exec(pattern)!;
  const root = join(folder, literal);
  if (!existsSync(root)) return [];
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).map(
    (name) => `${literal}${name.replaceAll('\\', '/')}`,
  );
  return names
    .filter((name) => form.test(name) && !/(?:^|\/)node_modules\//.test(name))
    .map((name) => join(folder, name))
    .filter(isFile)
    .toSorted();
}

/** Of the patterns of globs those that apps use: `*`, `**`, `?`, `{a,b}`, `[abc]`. */
function patternOf(glob: string): RegExp {
  let depth = 0;
  const form = glob.replace(/\*\*\/|\*\*|\*|\?|\[!?[^\]]*\]|[{},]|[.+^$()|\\]/g, (token) => {
    if (token === '**/') return '(?:[^/]+/)*';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token === '{') return depth++ >= 0 ? '(?:' : token;
    if (token === '}') return depth-- > 0 ? ')' : '\\}';
    if (token === ',') return depth > 0 ? '|' : ',';
    if (token.startsWith('[')) return token.replace('[!', '[^');
    return `\\${token}`;
  });
  return new RegExp(`^${form}$`);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function contentOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
