import test from 'ava';
import { formats, readAndWritten, recorded } from './golden.js';

const golden = recorded('children');

for (const [kind, format] of Object.entries(formats))
  test(`format 1 of ${kind}, of children and of the run of their parent, is read and written as recorded`, (t) => {
    readAndWritten(t, format, golden[kind]!);
  });
