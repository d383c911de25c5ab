import test, { type ExecutionContext } from 'ava';
import { consoleLogger, type LogLevel } from '../../lib/nats/console-logger.js';

const levels = ['debug', 'info', 'warn', 'error'] as const;

/** What is written when one line of each level is logged. */
function linesAt(level?: LogLevel): string[] {
  const lines: string[] = [];
  const logger = consoleLogger(level, (line) => lines.push(line));
  for (const each of levels) logger[each]('It happened', { instance: 'partition 3', times: 2 });
  return lines;
}

/** Sets the environment variable for one test. */
function environment(t: ExecutionContext, value: string | undefined): void {
  const before = process.env['PERDURE_LOG'];
  const set = (to: string | undefined): void => {
    if (to === undefined) delete process.env['PERDURE_LOG'];
    else process.env['PERDURE_LOG'] = to;
  };
  set(value);
  t.teardown(() => set(before));
}

test('every line has the level, what it is about, the text, and the fields', (t) => {
  t.deepEqual(
    linesAt('debug'),
    levels.map((level) => `perdure ${level} [partition 3] It happened times=2`),
  );
});

test('lines below the level are not written, and silent writes none', (t) => {
  for (const [at, level] of [...levels, 'silent' as const].entries()) {
    const written = linesAt(level).map((line) => line.split(' ')[1]);
    t.deepEqual(written, levels.slice(at));
  }
});

test('fields are JSON, what is not given is left out', (t) => {
  const lines: string[] = [];
  const fields = { instance: 'o.x', text: 'a "b" c', number: 1.5, yes: true, none: undefined, 'p q': '' };
  consoleLogger('info', (line) => lines.push(line)).info('Told', fields);
  t.deepEqual(lines, [String.raw`perdure info [o.x] Told text="a \"b\" c" number=1.5 yes=true p q=""`]);
});

test('nobody forges a line or hides text, by an id, a text or a field', (t) => {
  const forged = [
    ['line feed', '\n', '\\u000a'],
    ['carriage return', '\r', '\\u000d'],
    ['terminal escape', '\u001b[2J', '\\u001b[2J'],
    ['delete', '\u007f', '\\u007f'],
    ['C1 control', '\u009b', '\\u009b'],
    ['line separator', '\u2028', '\\u2028'],
    ['paragraph separator', '\u2029', '\\u2029'],
    ['right-to-left override', '\u202e', '\\u202e'],
    ['zero width space', '\u200b', '\\u200b'],
    ['tag outside the BMP', '\u{e0041}', '\\udb40\\udc41'],
  ] as const;
  for (const [what, character, escaped] of forged) {
    const lines: string[] = [];
    const logger = consoleLogger('info', (line) => lines.push(line));
    logger.error(`text${character}`, { instance: `id${character}perdure error [x]`, field: `value${character}` });
    t.is(lines.length, 1);
    const line = lines[0]!;
    t.notRegex(line, /[\p{Cc}\p{Cf}\u2028\u2029]/u, what);
    t.true(
      line.startsWith(`perdure error [id${escaped}perdure error [x]] text${escaped} field="value`),
      `${what}: ${line}`,
    );
  }
  const lines: string[] = [];
  consoleLogger('info', (line) => lines.push(line)).info('grüße 你好 😀', { instance: 'o.é' });
  t.deepEqual(lines, ['perdure info [o.é] grüße 你好 😀'], 'other text stays readable');
});

test.serial('the level is that of PERDURE_LOG, by default warn', (t) => {
  environment(t, 'info');
  t.is(linesAt().length, 3);
  environment(t, '');
  t.is(linesAt().length, 2);
  environment(t, undefined);
  t.is(linesAt().length, 2);
  environment(t, 'silent');
  t.deepEqual(linesAt(), []);
  t.is(linesAt('error').length, 1, 'what the program says counts more');
});

test.serial('another value of PERDURE_LOG is refused, with those that there are', (t) => {
  environment(t, 'verbose');
  t.throws(() => consoleLogger(), {
    code: 'PERDURE_CONFIG',
    message: 'PERDURE_LOG: must be one of debug, info, warn, error, silent, not "verbose"',
  });
  t.notThrows(() => consoleLogger('warn'));
});
