import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { ConfigError } from '../../errors.js';
import { makeDataFolder } from '../../nats/server/data-folder.js';
import type { ServiceFile } from './service-file.js';

/** What came of a compilation. */
export interface Compiled {
  /** The JavaScript file. */
  readonly script: string;
  /** What the compiler said; empty: all is well. */
  readonly complaints: string;
}

/**
 * Compiles a service with the project's own TypeScript and its settings, into `.perdure/dev` of the project: that emits the
 * metadata of decorators, which Perdure reads and faster tools leave away. JavaScript is taken as it is.
 */
export class Compiler {
  readonly #service: ServiceFile;
  #settings: Promise<{ readonly tsc: string; readonly tsconfig: string; readonly script: string }> | undefined;

  constructor(service: ServiceFile) {
    this.#service = service;
  }

  /** Throws ConfigError when there is no compiler. */
  async compile(): Promise<Compiled> {
    if (!this.#service.isTypeScript) return { script: this.#service.file, complaints: '' };
    const { tsc, tsconfig, script } = await (this.#settings ??= this.#prepare());
    const complaints = await outputOf(tsc, ['-p', tsconfig, '--pretty', String(process.stderr.isTTY === true)]);
    return { script, complaints };
  }

  async #prepare(): Promise<{ readonly tsc: string; readonly tsconfig: string; readonly script: string }> {
    const { file, project } = this.#service;
    const tsc = upFrom(dirname(file), 'node_modules/typescript/bin/tsc');
    if (tsc === undefined)
      throw new ConfigError(`TypeScript is not installed in ${project}: npm install --save-dev typescript`);
    const folder = join(await makeDataFolder(join(project, '.perdure')), 'dev');
    await mkdir(folder, { recursive: true });
    const base = upFrom(dirname(file), 'tsconfig.json');
    const tsconfig = join(folder, 'tsconfig.json');
    const compilerOptions = {
      ...(base === undefined && {
        target: 'ES2022',
        module: 'NodeNext',
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
        strict: true,
      }),
      rootDir: project,
      outDir: folder,
      noEmit: false,
      noEmitOnError: false,
      declaration: false,
      declarationMap: false,
      composite: false,
      sourceMap: true,
      incremental: true,
      tsBuildInfoFile: join(folder, 'tsbuildinfo'),
    };
    const settings = { ...(base !== undefined && { extends: base }), compilerOptions, include: [], files: [file] };
    await writeFile(tsconfig, JSON.stringify(settings));
    const script = join(folder, relative(project, file)).replace(/ts$/, 'js');
    return { tsc, tsconfig, script };
  }
}

/** A file in a folder or in one that it is in. */
function upFrom(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, name);
    if (existsSync(file)) return file;
    if (at === dirname(at)) return undefined;
  }
}

function outputOf(script: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve(code === 0 ? '' : output.trim() || `The compiler ended with code ${code}.`));
  });
}
