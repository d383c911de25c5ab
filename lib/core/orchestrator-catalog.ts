import { UnknownOrchestratorError } from '../errors.js';
import { compareVersions } from './compare-versions.js';
import { accepts, versionedName } from './orchestrator-version.js';
import type { OrchestratorProgram } from './programs.js';

/** The orchestrator of an instance: its name, and the version that the instance began with; absent: none. */
export interface OrchestratorReference {
  readonly name: string;
  readonly version?: string | undefined;
}

/** The orchestrators of a host, by name and version. */
export class OrchestratorCatalog {
  /** Those of each name from the oldest version to the newest, that without a version first. */
  readonly #programs = new Map<string, OrchestratorProgram[]>();
  #size = 0;

  constructor(programs: Iterable<OrchestratorProgram> = []) {
    for (const program of programs) {
      const others = this.#programs.get(program.name) ?? [];
      others.push(program);
      others.sort((a, b) => compareVersions(a.version, b.version));
      this.#programs.set(program.name, others);
      this.#size += 1;
    }
  }

  /** How many there are, each version counted. */
  get size(): number {
    return this.#size;
  }

  /** Their names, each once. */
  get names(): readonly string[] {
    return [...this.#programs.keys()];
  }

  /** All of them. */
  get programs(): readonly OrchestratorProgram[] {
    return [...this.#programs.values()].flat();
  }

  /**
   * The one that runs an instance: of the instance's own version if there is one, else the oldest that says that it runs
   * the version, too.
   */
  get(name: string, version?: string): OrchestratorProgram | undefined {
    const programs = this.#programs.get(name);
    return (
      programs?.find((program) => program.version === version) ?? programs?.find((program) => accepts(program, version))
    );
  }

  /** The one that begins an instance: as for one of the version that was asked for, else the newest. */
  toStart(name: string, version?: string): OrchestratorProgram | undefined {
    return version === undefined ? this.#programs.get(name)?.at(-1) : this.get(name, version);
  }

  /** The one that runs an instance. Throws UnknownOrchestratorError. */
  demand({ name, version }: OrchestratorReference): OrchestratorProgram {
    const program = this.get(name, version);
    if (program) return program;
    throw new UnknownOrchestratorError(versionedName({ name, version }), this.programs.map(versionedName));
  }
}
