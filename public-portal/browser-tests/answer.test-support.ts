import type { Locator, Page } from 'playwright-core';
import type { Language, Size } from './browser.test-support.js';

/** What tests do on the page again and again: bring a file, and read the answer. */

export function bring(page: Page, content: Uint8Array, name = 'report.pdf'): Promise<void> {
  return choose(page, [[name, content]]);
}

export function bringWithEvidence(page: Page, content: Uint8Array, evidence: Uint8Array): Promise<void> {
  return choose(page, [
    ['report.pdf', content],
    ['evidence.json', evidence],
  ]);
}

function choose(page: Page, files: readonly (readonly [string, Uint8Array])[]): Promise<void> {
  // By their names the page tells archives and tables; what a browser says of the type counts for nothing.
  const mimeType = 'application/octet-stream';
  const chosen = files.map(([name, content]) => ({ name, mimeType, buffer: Buffer.from(content) }));
  return page.locator('input[type=file]').first().setInputFiles(chosen);
}

export async function verdict(page: Page): Promise<string> {
  await page.waitForSelector('article.answer');
  return page.locator('.verdict h1').innerText();
}

export function step(page: Page, title: string): Locator {
  return page.locator('.steps li', { hasText: title });
}

/** A telephone and a desk, in both languages, with what is to be read there. */
export function looksSaying(en: string, bn: string): (readonly [Size, Language, string])[] {
  return [
    ['phone', 'en', en],
    ['phone', 'bn', bn],
    ['desktop', 'en', en],
    ['desktop', 'bn', bn],
  ];
}
