/** Just enough of a reader to see what compiled declarations (`.d.ts`) export, each name with its doc comment. */

import { posix } from 'node:path';
import { codeOf } from '../architecture/source-code.js';

/** Declaration files by their paths from the root, such as `build/lib/index.d.ts`. */
export type Files = ReadonlyMap<string, string>;

/** One declaration of a name: a function or method has as many as it has overloads. */
export interface Declaration {
  readonly name: string;
  /** The text of its doc comment; empty when there is none. */
  readonly comment: string;
}

/** An exported declaration. */
export interface Exported extends Declaration {
  readonly kind: 'class' | 'interface' | 'enum' | 'function' | 'type' | 'const';
  /** The class or interface that it extends. */
  readonly base: string | undefined;
  /** The public members that it declares itself. */
  readonly members: readonly Declaration[];
}

const reexport = /^export\s+(?:type\s+)?(?:\*|\{(?<names>[^}]*)\})\s*from\s*['"](?<from>[^'"]+)['"]/;

/** Everything that a file exports, also from other files. Throws for a name that is declared nowhere. */
export function exportsOf(file: string, files: Files): readonly Exported[] {
  const text = files.get(file);
  if (text === undefined) throw new Error(`${file} is missing`);
  return piecesOf(text, codeOf(text)).flatMap((piece) => {
    const { names, from } = reexport.exec(piece.source)?.groups ?? {};
    if (from === undefined) return declarationOf(piece) ?? [];
    const target = posix.join(posix.dirname(file), from).replace(/\.js$/, '.d.ts');
    const exported = exportsOf(target, files);
    return names === undefined ? exported : named(names, exported, target);
  });
}

function named(list: string, exported: readonly Exported[], file: string): readonly Exported[] {
  const names = list.split(',').map((name) => name.trim().replace(/^type\s+/, ''));
  return names
    .filter((name) => name !== '')
    .flatMap((name) => {
      const found = exported.filter((declared) => declared.name === name);
      if (found.length === 0) throw new Error(`${file} does not declare ${name}`);
      return found;
    });
}

/** A statement or member, with the doc comment before it. */
interface Piece {
  readonly comment: string;
  readonly source: string;
  /** The source with comments and texts blanked. */
  readonly code: string;
}

/** The pieces of a file or of a body: up to a `;`, or to the `}` that ends a class or interface. */
function piecesOf(source: string, code: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let depth = 0;
  for (let end = 0, from = 0, at = 0; at < code.length; at++) {
    const character = code.charAt(at);
    if (character.trim() === '') continue;
    if (from <= end && depth === 0 && code.slice(end, at).trim() === '') from = at;
    if ('([{'.includes(character)) depth++;
    if (')]}'.includes(character)) depth--;
    const isEnd = character === ';' || (character === '}' && bodied.test(code.slice(from, at)));
    if (depth > 0 || !isEnd) continue;
    const comments = source.slice(end, from).match(/\/\*\*[^]*?\*\//g) ?? [];
    pieces.push({
      comment: textOf(comments.at(-1) ?? ''),
      source: source.slice(from, at + 1),
      code: code.slice(from, at + 1),
    });
    end = from = at + 1;
  }
  return pieces;
}

/** A comment without its stars. */
function textOf(comment: string): string {
  return comment
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/^[ \t]*\*(?: |$)/gm, '')
    .trim();
}

const bodied = /^(?:export\s+)?(?:declare\s+)?(?:abstract\s+)?(?:class|interface|enum)\s+\w/;
const exportForm =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?<kind>class|interface|enum|function|type|const)\s+(?<name>\w+)(?:<[^{]*?>)?(?:\s+extends\s+(?<base>\w+))?/;
const memberForm = /^(?:(?:static|abstract|readonly|get|set)\s+)*(?<name>\w+|\[Symbol\.\w+\])\??\s*[<(:;=]/;
const hidden = /^(?:private|protected)\b|^(?:#|constructor\b)/;

function declarationOf({ comment, source, code }: Piece): Exported | undefined {
  const { kind, name, base } = exportForm.exec(code)?.groups ?? {};
  if (kind === undefined || name === undefined) return undefined;
  return {
    kind: kind as Exported['kind'],
    name,
    base,
    comment,
    members: kind === 'class' || kind === 'interface' ? membersOf(source, code) : [],
  };
}

function membersOf(source: string, code: string): readonly Declaration[] {
  const [from, to] = [code.indexOf('{') + 1, code.lastIndexOf('}')];
  return piecesOf(source.slice(from, to), code.slice(from, to))
    .filter((member) => !hidden.test(member.code) && !member.comment.includes('@internal'))
    .map(({ comment, code: member }) => {
      const name = memberForm.exec(member)?.groups!['name'];
      if (name === undefined) throw new Error(`This member cannot be read: ${member}`);
      return { name, comment };
    });
}
