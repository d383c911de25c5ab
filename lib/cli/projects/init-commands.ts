import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { projectDataFolder } from '../../nats/server/data-folder.js';
import { checkName } from '../../wire/checks.js';
import { CommandError, exitCodes, UsageError } from '../exit-codes.js';
import { examples, JSON_OPTION, note, tell, type JsonOption } from '../output.js';
import { packageVersion } from './package-version.js';
import { activityFile, entityFile, orchestratorFile } from './templates/parts.js';
import { languages, projectFiles, starters, type Language, type Starter } from './templates/project.js';

interface InitOptions extends JsonOption {
  readonly template: Starter;
  readonly language: Language;
  readonly package?: string;
  readonly install: boolean;
}

/** `perdure init` and `perdure new`. */
export function initCommands(): readonly Command[] {
  return [initCommand(), newCommand()];
}

function initCommand(): Command {
  return new Command('init')
    .description('Make a project: a service to begin with, lint rules, settings of VS Code; and install what it needs.')
    .argument('[folder]', 'where, empty or not there yet', '.')
    .addOption(new Option('--template <name>', 'what it begins with').choices([...starters]).default('hello'))
    .addOption(new Option('--language <name>', 'its language').choices([...languages]).default('typescript'))
    .option('--package <spec>', 'where npm finds perdure: a version, or a file (default: this version)')
    .option('--no-install', 'do not run npm install')
    .option(...JSON_OPTION)
    .addHelpText('after', examples('perdure init bank', 'perdure init shop --template http --language javascript'))
    .action(init);
}

async function init(path: string, options: InitOptions): Promise<void> {
  const folder = resolve(path);
  if (existsSync(folder) && readdirSync(folder).some((name) => name !== '.git'))
    throw new UsageError(`${path} is not empty.`);
  const files = projectFiles({
    name: projectName(folder),
    starter: options.template,
    language: options.language,
    perdure: packageSpec(options.package),
  });
  for (const [file, content] of Object.entries(files)) write(join(folder, file), content);
  if (options.install) await npmInstall(folder);
  const into = folder === process.cwd() ? '' : `cd ${path} && `;
  tell(options, { folder, files: Object.keys(files) }, () => [
    `Made ${path}. To run it: ${into}${options.install ? '' : 'npm install && '}npm start`,
  ]);
}

/** A name that a package, and a task hub, can have. */
function projectName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .replaceAll(/^[-_]+|-+$/g, '')
    .slice(0, 64);
  return name === '' ? 'service' : name;
}

function packageSpec(given: string | undefined): string {
  if (given === undefined) return `^${packageVersion()}`;
  return existsSync(given) ? `file:${resolve(given)}` : given;
}

function write(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { flag: 'wx' });
}

function npmInstall(folder: string): Promise<void> {
  note('npm install');
  const child = spawn('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  return new Promise((done, reject) => {
    const failed = (how: string): void =>
      reject(new CommandError(exitCodes.failed, `npm install ${how}. The project is made: install it yourself.`));
    child.on('error', (error) => failed(`could not be run: ${error.message}`));
    child.on('exit', (code) => (code === 0 ? done() : failed(`ended with code ${code}`)));
  });
}

const kinds = ['orchestrator', 'activity', 'entity'] as const;

function newCommand(): Command {
  const command = new Command('new').description('Make a file with an orchestrator, an activity or an entity.');
  for (const kind of kinds)
    command
      .command(kind)
      .description(`Make a file with an ${kind}.`)
      .argument('<name>', 'its name, such as send-mail')
      .option('--folder <path>', 'where (default: src of the project)')
      .option(...JSON_OPTION)
      .addHelpText('after', examples(`perdure new ${kind} ${kind === 'entity' ? 'account' : 'send-mail'}`))
      .action((name: string, options: NewOptions) => makeFile(kind, name, options));
  return command.addHelpText('after', examples('perdure new orchestrator transfer', 'perdure new entity account'));
}

interface NewOptions extends JsonOption {
  readonly folder?: string;
}

function makeFile(kind: (typeof kinds)[number], name: string, options: NewOptions): void {
  checkName(name, kind);
  const words = name.split(/[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])/).filter((word) => word !== '');
  if (!/^[A-Za-z]/.test(words[0] ?? '')) throw new UsageError('The name of a class begins with a letter.');
  const className = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
  const method = className[0]!.toLowerCase() + className.slice(1);
  const project = dirname(projectDataFolder('.'));
  const language = existsSync(join(project, 'tsconfig.json')) ? 'typescript' : 'javascript';
  const extension = language === 'typescript' ? 'ts' : 'js';
  const fileName = `${words.map((word) => word.toLowerCase()).join('-')}.${extension}`;
  const file = join(options.folder ?? join(project, 'src'), fileName);
  if (existsSync(file)) throw new UsageError(`${file} is there already.`);
  if (kind === 'orchestrator') write(file, orchestratorFile(language, { className, name }));
  else if (kind === 'entity') write(file, entityFile(language, { className, name }));
  else write(file, activityFile(language, { className, method }));
  const hosted = { orchestrator: `orchestrators: [${className}]`, entity: `entities: [${className}]` };
  tell(options, { file: relative('.', file) }, () => [relative('.', file)]);
  note(`The worker hosts it with { ${kind === 'activity' ? `activities: [new ${className}()]` : hosted[kind]} }.`);
}
