import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Activity } from 'perdure/decorators';

/** What touches the disk is an activity: an orchestrator itself does no IO. */
export class Texts {
  /** The paths of the text files directly in a folder, in order of name. */
  @Activity({ name: 'texts.list' })
  async list(folder: string): Promise<string[]> {
    const entries = await readdir(folder, { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && /\.(?:md|txt)$/.test(entry.name));
    return files.map((file) => join(folder, file.name)).sort();
  }

  /** How many words a file has. */
  @Activity({ name: 'texts.count' })
  async count(file: string): Promise<number> {
    const text = await readFile(file, 'utf8');
    return text.match(/\p{L}[\p{L}\p{M}'’-]*/gu)?.length ?? 0;
  }
}
