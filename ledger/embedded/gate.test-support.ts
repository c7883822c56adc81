/** Something that a test lets happen when it wants it. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** One turn of the event loop: what can go on without the outside does. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
