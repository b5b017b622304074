import { AsyncLocalStorage } from 'node:async_hooks';
import { TestEnvironment as NodeEnvironment } from 'jest-environment-node';
import { keepCompiledCode } from './keep-compiled-code.js';

/** Every test file of a worker loads the same hundreds of modules anew: they are compiled once. */
keepCompiledCode();

/** What ran since the last test file was over. */
const storages = new Set();
for (const method of ['run', 'enterWith']) {
  const original = AsyncLocalStorage.prototype[method];
  AsyncLocalStorage.prototype[method] = function (...given) {
    storages.add(this);
    return original.apply(this, given);
  };
}

/**
 * jest's own, but for what each test file leaves behind: jest runs its tests in an AsyncLocalStorage of the file's own,
 * and every promise there is hands on the values of all storages that were ever run and not disabled. After a hundred
 * files that was half of a worker's time.
 */
export default class TestEnvironment extends NodeEnvironment {
  async teardown() {
    await super.teardown();
    for (const storage of storages) storage.disable();
    storages.clear();
  }
}
