/** The address at which another site's page may show this one in a frame; `/` and the others refuse. */
const ADDRESS = '/embed';

/** Whether this page stands in another site's, and the language in which it was asked to. */
export interface Embedded {
  readonly language: 'en' | 'bn';
}

/** Null for a page of its own. */
export function embeddedAt({ pathname, search }: Location): Embedded | null {
  if (pathname !== ADDRESS) return null;
  return { language: new URLSearchParams(search).get('lang') === 'bn' ? 'bn' : 'en' };
}

/**
 * Tells the page around this one how high `content` is, from when it says hello: now, and whenever that changes. No other
 * window is listened to or told. A page that only names this one in an `<iframe>` says nothing, and is told nothing.
 */
export function tellHeight(content: HTMLElement): void {
  document.documentElement.classList.add('embedded');
  let embedder: string | null = null;
  const tell = (): void => {
    const height = Math.ceil(content.getBoundingClientRect().height);
    // Nothing to see yet: a frame that closed for a moment would make the page around it jump.
    if (embedder === null || height === 0) return;
    parent.postMessage({ spondon: 'height', height }, embedder);
  };
  addEventListener(
    'message',
    ({ data, origin, source }: MessageEvent<{ readonly spondon?: unknown } | null>) => {
      if (source !== parent || data?.spondon !== 'hello') return;
      embedder = origin;
      tell();
    },
  );
  new ResizeObserver(tell).observe(content);
}
