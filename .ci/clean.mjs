// Removes what was built, so that a package holds nothing whose source is gone.
import { rmSync } from 'node:fs';

rmSync('build', { recursive: true, force: true });
