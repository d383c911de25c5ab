/** Just enough of a scanner to see a TypeScript file's imports and code, apart from its comments and strings. */

/** An import or re-export of a module. */
export interface Import {
  readonly specifier: string;
  /** Erased by the compiler, so it loads nothing at run time. */
  readonly isType: boolean;
}

const importForms = [
  /\b(?:import|export)\s+(?<type>type\s)?[^;'"`]*?\bfrom\s*(?<quote>["'])(?<blank> *)\k<quote>/g,
  /\bimport\s*(?<quote>["'])(?<blank> *)\k<quote>/g,
  /\bimport\s*\(\s*(?<quote>["'])(?<blank> *)\k<quote>/g,
];

export function importsOf(source: string): readonly Import[] {
  const code = codeOf(source);
  return importForms.flatMap((form) =>
    Array.from(code.matchAll(form), (match) => {
      const end = match.index + match[0].length - 1;
      const length = match.groups!['blank']!.length;
      return { specifier: source.slice(end - length, end), isType: match.groups!['type'] !== undefined };
    }),
  );
}

/** The source with comments, texts and regular expressions blanked: same length, code in its place. */
export function codeOf(source: string): string {
  return new Scanner(source).blanked();
}

class Scanner {
  #at = 0;
  #code = '';

  constructor(readonly source: string) {}

  blanked(): string {
    this.#scanCode();
    return this.#code;
  }

  /** Up to the end, or to the `}` that closes a template's `${`. */
  #scanCode(): void {
    let depth = 0;
    while (this.#at < this.source.length) {
      const next = this.source.charAt(this.#at);
      if (next === '}' && depth-- === 0) return;
      if (next === '{') depth++;
      if (this.source.startsWith('//', this.#at)) this.#blankUpTo('\n', 0);
      else if (this.source.startsWith('/*', this.#at)) this.#blankUpTo('*/', 2);
      else if (next === '"' || next === "'") this.#scanText(next);
      else if (next === '`') this.#scanTemplate();
      else if (next === '/' && this.#startsRegExp()) this.#scanRegExp();
      else this.#keep();
    }
  }

  #scanText(quote: string): void {
    this.#keep();
    while (this.#at < this.source.length && this.source.charAt(this.#at) !== quote) this.#blankCharacter();
    this.#keep();
  }

  #scanTemplate(): void {
    this.#keep();
    while (this.#at < this.source.length && this.source.charAt(this.#at) !== '`') {
      if (!this.source.startsWith('${', this.#at)) {
        this.#blankCharacter();
        continue;
      }
      this.#blank(2);
      this.#scanCode();
      this.#blank(1);
    }
    this.#keep();
  }

  #scanRegExp(): void {
    this.#blank(1);
    for (let inClass = false; this.#at < this.source.length; this.#blankCharacter()) {
      const next = this.source.charAt(this.#at);
      if (next === '[') inClass = true;
      else if (next === ']') inClass = false;
      else if (next === '/' && !inClass) break;
    }
    this.#blank(1);
  }

  /** A slash divides behind a value, and begins a regular expression elsewhere. */
  #startsRegExp(): boolean {
    return /(?:^|[(,=:[!&|?{};~+\-*%<>^]|\breturn|\bcase)\s*$/.test(this.#code.slice(-40));
  }

  #keep(): void {
    this.#code += this.source.charAt(this.#at++);
  }

  #blankCharacter(): void {
    this.#blank(this.source.charAt(this.#at) === '\\' ? 2 : 1);
  }

  #blankUpTo(mark: string, length: number): void {
    const end = this.source.indexOf(mark, this.#at);
    this.#blank((end < 0 ? this.source.length : end + length) - this.#at);
  }

  #blank(length: number): void {
    const text = this.source.slice(this.#at, this.#at + length);
    this.#code += text.replaceAll(/[^\n]/g, ' ');
    this.#at += text.length;
  }
}
