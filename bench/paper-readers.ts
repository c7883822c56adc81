import { noChromium, launchBrowser } from '@spondon/public-portal/browser-tests/browser.test-support';
import { readIn, startReadingSite } from '@spondon/public-portal/browser-tests/reading.test-support';
import { claimsFromUrl } from '@spondon/protocol/claims';
import { createClaimsReader } from '@spondon/verifier-service/read/claims-reader';
import { openPicture } from '@spondon/verifier-service/read/image-pages';
import { createCodeReader } from '@spondon/verifier-service/read/qr-codes';

/** Reads the claims in the codes of a JPEG; nothing, when it reads none. */
export interface PaperReader {
  readonly name: string;
  read(picture: Uint8Array): Promise<readonly string[]>;
  close(): Promise<void>;
}

export const SEARCH_MS = 8_000;

/** As `POST /v1/verify` reads. */
export function serviceReader(): PaperReader {
  const reader = createClaimsReader({ threads: 1, searchMs: SEARCH_MS });
  return {
    name: 'service',
    read: async (picture) => (await reader.read(picture)).claims.map(({ jws }) => jws),
    close: () => reader.close(),
  };
}

/** The first of the service's two decoders, without the one for damaged codes. A picture has but one detail. */
export function zxingReader(): PaperReader {
  const readCodes = createCodeReader();
  return {
    name: 'ZXing alone',
    read: async (picture) => {
      const pages = await openPicture(picture, 'jpeg');
      const { texts } = await readCodes(await pages.render(0, 'page'));
      return texts.flatMap((text) => claimsFromUrl(text)?.jws ?? []);
    },
    close: () => Promise.resolve(),
  };
}

/** As the portal reads, in Chromium; undefined where there is none. */
export async function browserReader(): Promise<PaperReader | undefined> {
  if (noChromium) return undefined;
  const site = await startReadingSite();
  const browser = await launchBrowser();
  const page = await browser.newPage();
  await page.goto(`http://localhost:${site.port}/`);
  return {
    name: 'browser',
    read: async (picture) => {
      const reading = await readIn(page, picture, { searchMs: SEARCH_MS });
      return typeof reading === 'string' ? [] : reading.claims.map(({ jws }) => jws);
    },
    close: async () => {
      await browser.close();
      await site.close();
    },
  };
}
