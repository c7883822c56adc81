import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { TrustList } from '../check/trust-list.js';
import { ageOf, fill, type Words } from '../words/words.js';
import type { AskDeps } from './ask.js';
import { BanglaWord, Wordmark } from './marks.js';

interface FrameProps {
  readonly words: Words;
  readonly deps: AskDeps;
  readonly isEmbedded: boolean;
  readonly onOtherLanguage: () => void;
  readonly onStart: () => void;
  readonly children: ComponentChildren;
}

/** What stands around every screen: whose page this is, where it is genuine, how old its list is. */
export function Frame({ words, deps, isEmbedded, onOtherLanguage, onStart, children }: FrameProps) {
  const trust = useTrustList(deps);
  const main = useRef<HTMLElement>(null);
  const hosts = trust ? trust.bundle.payload.hosts : [deps.ownHost];
  const isGenuine = hosts.includes(deps.ownHost);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          // What follows # in this page's address is a question.
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {words.skip}
      </a>
      <header class="top">
        <a
          class="brand"
          href="/"
          onClick={(event) => {
            event.preventDefault();
            onStart();
          }}
        >
          <Wordmark />
        </a>
        {isEmbedded && (
          <a class="open-full" href="/" target="_blank" rel="noopener">
            {fill(words.openFull, { host: deps.ownHost })}
          </a>
        )}
        <button
          type="button"
          class="plain"
          onClick={onOtherLanguage}
          lang={words.language === 'en' ? 'bn' : 'en'}
          aria-label={words.otherLanguage}
        >
          {words.language === 'en' ? <BanglaWord /> : words.otherLanguage}
        </button>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
      <footer class="bottom">
        {isGenuine ? (
          <p>{fill(isEmbedded ? words.framed : words.genuineHosts, { hosts: hosts.join(', ') })}</p>
        ) : (
          <p class="alarm" role="alert">
            {fill(words.wrongHost, { host: deps.ownHost })}
          </p>
        )}
        <p>
          {trust ? fill(words.listAge, { age: ageOf(deps.now() - trust.fetchedAt, words) }) : words.listNever}
        </p>
        <p>{words.footer}</p>
      </footer>
    </>
  );
}

/** Fetched at the start, so that it is there when the network is not. */
function useTrustList(deps: AskDeps): TrustList | null {
  const [trust, setTrust] = useState<TrustList | null>(null);
  useEffect(() => {
    deps.trustList().then(setTrust, console.error);
  }, []);
  return trust;
}
