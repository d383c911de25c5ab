import type { Views } from './ports.js';

/**
 * Removes what owners of former epochs stored under `<prefix><epoch>.<...>` and nothing names: they died before something
 * did, or before they removed it, or what they had sent arrived when others had come and gone. What a later owner stored is
 * its own: this may be a zombie. `known`: a message of mine, behind what they stored.
 */
export async function removeLeftBehind(
  views: Views,
  prefix: string,
  { epoch, known }: { readonly epoch: number; readonly known: number },
  isNamed: (subject: string) => boolean,
): Promise<void> {
  const left: string[] = [];
  for await (const subject of views.subjects(`${prefix}>`, known))
    if (!isNamed(subject) && Number(subject.slice(prefix.length).split('.', 1)[0]) < epoch) left.push(subject);
  for (const subject of left) {
    const stored = await views.read(subject);
    if (stored) await views.remove(subject, stored.sequence);
  }
}
