import { Loops } from '../../lib/engine/loops.js';
import { ValueSweep } from '../../lib/engine/value-sweep.js';
import type { Logger, StoredMessage } from '../../lib/engine/ports.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';
import { keysNamedIn } from '../../lib/wire/value-references.js';
import type { Violation } from './instance-watch.js';

/**
 * What is left in the object store when nothing is to be done any more, and sweeps were made: what is named, and no more;
 * `spent`: keys that a checkpoint may name still, of messages that have been received; `late`: the subjects of what
 * may have been stored late, when all that it names was done with.
 */
export async function checkValues(
  hub: MemoryHub,
  logger: Logger,
  { spent, late }: { readonly spent: ReadonlySet<string>; readonly late: ReadonlySet<string> },
  violation: Violation,
): Promise<void> {
  const ports = memoryHubPorts(hub.connect('sweeper'), logger);
  for (let partition = 0; partition < hub.partitions; partition++) {
    const { mail } = hub.streams(partition);
    const taken = () => ({ consumed: mail.last, parked: [] });
    await new ValueSweep(ports.partition(partition), ports, taken, new Loops(ports.clock)).run(Infinity);
  }
  const named = new Set<string>();
  for (let partition = 0; partition < hub.partitions; partition++) {
    const { log, mail, state } = hub.streams(partition);
    const texts = textsOf([...state.all()]);
    const heads = texts.filter(([subject]) => !isSegment(subject)).map(([, text]) => text);
    // A segment that no head names counts for nothing: a former owner stored it late, or died before the head.
    const living = texts.filter(([subject]) => !isSegment(subject) || heads.some((head) => head.includes(subject)));
    for (const [subject, text] of living)
      for (const key of keysNamedIn(text)) {
        named.add(key);
        if (!hub.objects.has(key) && !(subject.includes('.c.') && spent.has(key)) && !late.has(subject))
          violation(`P15: ${subject} names ${key}, which is not stored`);
      }
    for (const { body } of mail.all()) for (const key of keysNamedIn(textOf(body))) named.add(key);
    for (const key of keysNamedIn([...log.all()].map(({ body }) => recordOf(body)).join(''))) named.add(key);
  }
  for (const key of hub.objects.keys()) if (!named.has(key)) violation(`P15: leak: nothing names ${key}`);
}

/**
 * The texts of a state stream by subject; the pages of one checkpoint together, for a key may stand in two of them. A page that
 * its directory does not name counts for nothing: a copy of it came late.
 */
function textsOf(stored: readonly StoredMessage[]): readonly (readonly [subject: string, text: string])[] {
  const texts = new Map<string, string>();
  const directory = stored.find(({ subject }) => /^pd\.[^.]+\.\d+\.c$/.test(subject));
  const pages = directory ? textOf(directory.body) : '';
  const byPage = stored
    .filter(({ subject }) => pageOf(subject) < 0 || pages.includes(`"${subject}"`))
    .toSorted((a, b) => pageOf(a.subject) - pageOf(b.subject));
  for (const { subject, body } of byPage) {
    const name = pageOf(subject) < 0 ? subject : subject.slice(0, subject.lastIndexOf('.'));
    texts.set(name, (texts.get(name) ?? '') + textOf(body));
  }
  return [...texts];
}

/** The number of a page of a checkpoint; -1: it is none. */
function pageOf(subject: string): number {
  return Number(/\.c\.\d+\.\d+\.(\d+)$/.exec(subject)?.[1] ?? -1);
}

function isSegment(subject: string): boolean {
  return subject.split('.')[3] === 'h';
}

/** A key may stand in two parts of a record. */
function recordOf(body: Uint8Array): string {
  const record = decodeRecord(body, 'record');
  return record.type === 'part' ? record.text : textOf(body);
}

function textOf(body: Uint8Array): string {
  return new TextDecoder().decode(body);
}
