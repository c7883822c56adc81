/**
 * A WebAssembly module of this site. It is compiled once for a thread: after a trap a new instance needs neither the
 * network nor the compiler.
 *
 * Rejects when it cannot be fetched.
 */
export function compileAt(url: string): Promise<WebAssembly.Module> {
  return WebAssembly.compileStreaming(fetch(url));
}

/** For Emscripten's `instantiateWasm`. */
export function instantiating(module: WebAssembly.Module) {
  return (
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): WebAssembly.Exports => {
    const instance = new WebAssembly.Instance(module, imports);
    done(instance, module);
    return instance.exports;
  };
}
