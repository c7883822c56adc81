/** The part of the WebAssembly JavaScript interface that is needed here; Node's types do not have it. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
declare const WebAssembly: { readonly Memory: { readonly prototype: Memory } };

const PAGE_BYTES = 65_536;

/**
 * Lets no WebAssembly memory of this thread grow beyond `maxBytes`: the growth fails as it does when a machine has
 * no more memory, so the program inside sees an allocation fail. A thread's `resourceLimits` do not cover this memory.
 */
export function limitWasmMemory(maxBytes: number): void {
  const { prototype } = WebAssembly.Memory;
  const grow = Object.getOwnPropertyDescriptor(prototype, 'grow')?.value as Memory['grow'];
  prototype.grow = function (this: Memory, pages: number): number {
    if (this.buffer.byteLength + pages * PAGE_BYTES > maxBytes)
      throw new RangeError('out of WebAssembly memory');
    return grow.call(this, pages);
  };
}
