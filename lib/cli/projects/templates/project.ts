import { entityStarter } from './entity.js';
import { helloStarter } from './hello.js';

/** The files of a project by their paths. */
export type Files = Readonly<Record<string, string>>;

/** What a project begins with. */
export const starters = ['hello', 'entity', 'http'] as const;
export type Starter = (typeof starters)[number];

/** The languages of a project. */
export const languages = ['typescript', 'javascript'] as const;
export type Language = (typeof languages)[number];

/** What a project is made of. */
export interface ProjectOptions {
  readonly name: string;
  readonly starter: Starter;
  readonly language: Language;
  /** Where npm finds this package: a version, or a file. */
  readonly perdure: string;
}

/** All files of a new project. */
export function projectFiles(options: ProjectOptions): Files {
  const { starter, language, name } = options;
  const sources =
    starter === 'entity' ? entityStarter(language, name) : helloStarter(language, name, starter === 'http');
  const isTyped = language === 'typescript';
  return {
    'package.json': json(manifest(options)),
    ...(isTyped && { 'tsconfig.json': json(tsconfig) }),
    '.oxlintrc.json': json(lintRules),
    '.vscode/launch.json': json(launch(isTyped)),
    ...(isTyped && { '.vscode/tasks.json': json(tasks) }),
    '.gitignore': 'node_modules/\nbuild/\n.perdure/\n',
    'README.md': readme(options),
    ...sources,
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function manifest({ name, language, perdure }: ProjectOptions): object {
  const isTyped = language === 'typescript';
  return {
    name,
    version: '0.1.0',
    private: true,
    type: 'module',
    engines: { node: '>=20.19' },
    scripts: {
      ...(isTyped && { build: 'tsc -p .' }),
      start: isTyped ? 'tsc -p . && node --enable-source-maps build/service.js' : 'node src/service.js',
      dev: `perdure dev src/service.${isTyped ? 'ts' : 'js'}`,
      lint: 'oxlint',
    },
    dependencies: { 'class-validator': '0.15.1', perdure },
    devDependencies: {
      ...(isTyped && { '@types/node': '^20.19.0' }),
      oxlint: '1.94.0',
      ...(isTyped && { typescript: '7.0.2' }),
    },
  };
}

const tsconfig = {
  compilerOptions: {
    target: 'ES2022',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'NodeNext',
    types: ['node'],
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    verbatimModuleSyntax: true,
    sourceMap: true,
    rootDir: 'src',
    outDir: 'build',
    skipLibCheck: true,
  },
  include: ['src'],
};

/** An `import type` of a class that a decorated method takes would leave its metadata away. */
const lintRules = {
  plugins: ['typescript', 'import', 'promise', 'unicorn', 'oxc'],
  categories: { correctness: 'error' },
  rules: { 'typescript/consistent-type-imports': 'off' },
  ignorePatterns: ['build'],
};

function launch(isTyped: boolean): object {
  return {
    version: '0.2.0',
    configurations: [
      {
        name: 'Service',
        type: 'node',
        request: 'launch',
        program: isTyped ? '${workspaceFolder}/build/service.js' : '${workspaceFolder}/src/service.js',
        ...(isTyped && {
          preLaunchTask: 'build',
          outFiles: ['${workspaceFolder}/build/**/*.js'],
          sourceMaps: true,
        }),
        skipFiles: ['<node_internals>/**', '${workspaceFolder}/node_modules/**'],
        console: 'integratedTerminal',
      },
    ],
  };
}

const tasks = {
  version: '2.0.0',
  tasks: [{ label: 'build', type: 'npm', script: 'build', problemMatcher: '$tsc', group: 'build' }],
};

function readme({ name }: ProjectOptions): string {
  return `# ${name}

\`\`\`sh
npm start          # builds, and runs the service until Ctrl-C
npm run dev        # the same with reload on change, and the HTTP API
npm run lint
\`\`\`

A nats-server of its own runs beside the service, with its data in \`.perdure/\`; set \`NATS_URL\` to use another one.

- \`npx perdure list ${name}\` shows the orchestration instances, \`npx perdure --help\` all commands.
- \`npx perdure new orchestrator NAME\` makes a file to begin with; so do \`activity\` and \`entity\`.
- In VS Code F5 runs the service, and stops at breakpoints, also in orchestrators. They are replayed: a breakpoint may be hit again.
`;
}
