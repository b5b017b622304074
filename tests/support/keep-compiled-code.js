import vm from 'node:vm';

/** What V8 made of a source, by where it is from; a source that has changed since is compiled again. */
const compiled = new Map();

const cachedDataOf = (key, code) => {
  const kept = compiled.get(key);
  return kept?.code === code ? kept.cachedData : undefined;
};

/** `import()` and `import.meta` ask the module they were compiled in, which is over with its test file. */
const asksItsModule = (code) => /\bimport\s*[(.]/.test(code);

/** jest compiles through `node:vm`, which forgets (Node 20): in this process, the second time is read from the first. */
export function keepCompiledCode() {
  const { compileFunction, SourceTextModule } = vm;

  vm.compileFunction = (code, params = [], options = {}) => {
    const key = `${options.filename}(${params})`;
    const cachedData = cachedDataOf(key, code);
    if (cachedData) return compileFunction(code, params, { ...options, cachedData });
    if (asksItsModule(code)) return compileFunction(code, params, options);
    const made = compileFunction(code, params, { ...options, produceCachedData: true });
    compiled.set(key, { code, cachedData: made.cachedData });
    return made;
  };

  vm.SourceTextModule = class extends SourceTextModule {
    constructor(code, options = {}) {
      const cachedData = cachedDataOf(options.identifier, code);
      super(code, { ...options, cachedData });
      if (cachedData || asksItsModule(code)) return;
      compiled.set(options.identifier, { code, cachedData: this.createCachedData() });
    }
  };
}
