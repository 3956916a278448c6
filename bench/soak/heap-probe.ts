/**
 * Loaded into every process and thread of the search that is watched: says every few seconds what its heap holds
 * when nothing in it is garbage. From outside only the memory of the whole process can be seen.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { threadId, Worker } from 'node:worker_threads';
import { HEAP_FOLDER, HEAP_PERIOD_MS, heapFile } from './heap-files.js';

const folder = process.env[HEAP_FOLDER];
if (folder !== undefined) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const path = join(folder, heapFile(process.pid, threadId));
  setInterval(() => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    try {
      writeFileSync(`${path}.new`, String(heapUsed + external));
      renameSync(`${path}.new`, path);
    } catch {
      // The soak is over, and has removed its folder.
    }
  }, HEAP_PERIOD_MS).unref();
  probeThreads();
}

/** Threads are started without our options for Node: these go with them. */
function probeThreads(): void {
  const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof Worker };
  const Plain = Worker;
  threads.Worker = class extends Plain {
    constructor(...[file, options = {}]: ConstructorParameters<typeof Plain>) {
      super(file, { ...options, execArgv: [...(options.execArgv ?? []), '--import', import.meta.url] });
    }
  };
  syncBuiltinESMExports();
}
