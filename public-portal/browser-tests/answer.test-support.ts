import type { Locator, Page } from 'playwright-core';
import type { Language, Size } from './browser.test-support.js';

/** What tests do on the page again and again: bring a file, and read the answer. */

export async function bring(page: Page, content: Uint8Array, name = 'report.pdf'): Promise<void> {
  // By its name the page tells archives and tables; what a browser says of the type counts for nothing.
  const file = { name, mimeType: 'application/octet-stream', buffer: Buffer.from(content) };
  await page.locator('input[type=file]').first().setInputFiles(file);
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
