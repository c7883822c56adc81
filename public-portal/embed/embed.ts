/**
 * What another site loads to offer the check: `<script src="https://<portal>/embed.js" data-lang="bn" async></script>`
 * puts a frame with the portal in its own place, or in place of each `<div data-spondon>`. A classic script, inside a
 * function so that it leaves no names behind in a page that is not ours.
 */
(() => {
  const LANGUAGES = ['en', 'bn'] as const;
  type Language = (typeof LANGUAGES)[number];
  const TITLES: Readonly<Record<Language, string>> = {
    en: 'Check a health document',
    bn: 'স্বাস্থ্য নথি যাচাই',
  };
  /** Until the frame tells its height, and where it never does. */
  const FIRST_HEIGHT = '44rem';

  const script = document.currentScript;
  if (!(script instanceof HTMLScriptElement)) return;
  const { origin } = new URL(script.src);

  const languageOf = ({ dataset }: HTMLElement): Language => {
    const chosen = dataset['lang'] ?? script.dataset['lang'] ?? document.documentElement.lang;
    return LANGUAGES.find((language) => chosen.startsWith(language)) ?? 'en';
  };

  const frameFor = (place: HTMLElement): HTMLIFrameElement => {
    const language = languageOf(place);
    const frame = document.createElement('iframe');
    frame.src = `${origin}/embed?lang=${language}`;
    frame.title = TITLES[language];
    frame.lang = language;
    frame.allow = 'camera';
    frame.loading = 'lazy';
    // Property by property: a site's Content-Security-Policy may forbid style attributes.
    Object.assign(frame.style, { display: 'block', width: '100%', height: FIRST_HEIGHT, border: '0' });
    // By this the frame knows whom it may tell its height.
    frame.addEventListener('load', () => frame.contentWindow?.postMessage({ spondon: 'hello' }, origin));
    addEventListener('message', ({ data, origin: sender, source }: MessageEvent<unknown>) => {
      if (sender !== origin || source !== frame.contentWindow) return;
      const { spondon, height } = data as { readonly spondon?: unknown; readonly height?: unknown };
      if (spondon === 'height' && typeof height === 'number') frame.style.height = `${height}px`;
    });
    return frame;
  };

  const fill = (): void => {
    const places = document.querySelectorAll<HTMLElement>('[data-spondon]');
    if (places.length === 0) script.after(frameFor(script));
    for (const place of places) {
      // By another copy of this script.
      if (place.dataset['spondon'] === 'filled') continue;
      place.dataset['spondon'] = 'filled';
      // What stands there is for browsers without scripts.
      place.replaceChildren(frameFor(place));
    }
  };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', fill);
  else fill();
})();
