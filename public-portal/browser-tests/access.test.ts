import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDocumentId, parseDocumentId } from '@spondon/protocol/document-id';
import type { Page } from 'playwright-core';
import { assertAccessible } from './accessible.test-support.js';
import { bring, verdict } from './answer.test-support.js';
import { noChromium, openPortal, screenshot } from './browser.test-support.js';

/** For whoever has no mouse, does not see, sees little, or is made ill by what moves. */
describe('everybody', { skip: noChromium }, async () => {
  if (noChromium) return;
  const { service, visit } = await openPortal();
  const { body } = await service.issue();
  await service.anchored();
  const code = parseDocumentId(body.documentId ?? '');
  const file = await service.fileOf(code);

  /** What the Tab key comes to, by the name that is read out, until it leaves the page. */
  async function tabbedThrough(page: Page): Promise<string[]> {
    const names: string[] = [];
    for (;;) {
      await page.keyboard.press('Tab');
      const name = await page.evaluate(() => {
        const at = document.activeElement;
        if (!at || at === document.body) return null;
        const labels = at instanceof HTMLInputElement ? [...(at.labels ?? [])] : [];
        return (at.ariaLabel ?? labels[0]?.innerText ?? at.textContent).trim();
      });
      if (name === null || names.length > 40) return names;
      names.push(name);
    }
  }

  it('the Tab key comes to every way in, in the order of the page', async () => {
    const page = await visit();
    await page.goto('/');
    await page.getByText('fetched just now').waitFor();
    assert.deepEqual(await tabbedThrough(page), [
      'Skip to the check',
      'Spondon',
      'বাংলা',
      'Choose a file',
      'Choose a folder',
      'Scan its QR code',
      'Code beside the QR code, 17 letters and digits',
      'For embassies: your list of physicians and centres',
    ]);
    await page.close();
  });

  it('the first link skips to what counts, and loses no answer', async () => {
    const page = await visit();
    await page.goto('/');
    await bring(page, file);
    await verdict(page);
    await page.getByRole('link', { name: 'Skip to the check' }).press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'MAIN');
    assert.equal(await verdict(page), 'Genuine');
    await page.close();
  });

  it('whoever opens an address at which there is nothing reads so in both languages, and comes to the check', async () => {
    const page = await visit();
    const answer = await page.goto('/verify/document');
    assert.equal(answer?.status(), 404);
    await page.getByRole('heading', { name: 'There is nothing at this address' }).waitFor();
    await page.getByRole('heading', { name: 'এই ঠিকানায় কিছু নেই' }).waitFor();
    await assertAccessible(page);
    await screenshot(page, 'nothing-here');
    await page.getByRole('link', { name: 'নথি যাচাই করুন' }).click();
    await page.getByLabel('Choose a file').waitFor();
    await page.close();
  });

  it('what has the focus shows it', async () => {
    const page = await visit();
    await page.goto('/');
    await page.getByText('fetched just now').waitFor();
    for (const name of ['Choose a file', 'Scan its QR code', 'Choose a folder']) {
      await page.getByLabel(name).or(page.getByRole('button', { name })).first().focus();
      await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Tab');
      const outline = await page.evaluate(() => {
        const at = document.activeElement;
        const shown = at?.closest('label') ?? at;
        return shown ? getComputedStyle(shown).outlineStyle : 'none';
      });
      assert.notEqual(outline, 'none', name);
    }
    await page.close();
  });

  it('with the keyboard alone: a file is chosen, answered and left; a code is typed and answered', async () => {
    const page = await visit();
    // Early, as Chromium may take the key before it hears that choosers are to be handed to the test.
    const chooser = page.waitForEvent('filechooser', { timeout: 60_000 });
    await page.goto('/');
    await page.getByText('fetched just now').waitFor();
    await page.locator('input[type=file]').first().focus();
    await page.keyboard.press('Space');
    await (await chooser).setFiles({ name: 'report.pdf', mimeType: 'application/pdf', buffer: file });
    assert.equal(await verdict(page), 'Genuine');
    // Who listens to the page is told the verdict first.
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Genuine');
    await page.getByRole('button', { name: 'Check another' }).press('Enter');
    await page.getByLabel('Code beside the QR code').pressSequentially(formatDocumentId(code));
    await page.keyboard.press('Enter');
    assert.equal(await verdict(page), 'Registered: now compare');
    await page.getByText('Check this without us').press('Enter');
    await page.getByText('npx spondon verify').waitFor();
    await page.close();
  });

  it('in the dark there is contrast enough, on the start and in each kind of answer', async () => {
    const page = await visit({ colorScheme: 'dark' });
    await page.goto('/');
    await page.getByText('fetched just now').waitFor();
    await assertAccessible(page);
    for (const [name, content] of [
      ['genuine', file],
      ['not-original', Buffer.concat([file, Buffer.from('\n')])],
      ['unknown', Buffer.from('%PDF-')],
    ] as const) {
      await page.goto('/');
      await bring(page, content);
      await verdict(page);
      await assertAccessible(page);
      await screenshot(page, `dark-${name}`);
    }
    await service.revoke(code, { reason: 'error' });
    await service.anchored();
    await page.goto('/');
    await bring(page, file);
    assert.equal(await verdict(page), 'Withdrawn');
    await assertAccessible(page);
    await screenshot(page, 'dark-revoked');
    await page.close();
  });

  it('nothing moves for whoever asked for less motion', async () => {
    for (const [reducedMotion, moving] of [
      ['reduce', false],
      ['no-preference', true],
    ] as const) {
      const page = await visit();
      await page.emulateMedia({ reducedMotion });
      await page.goto('/');
      // An answer that never comes: the page goes on working.
      await page.route('**/v1/verify/**', () => undefined);
      await bring(page, Buffer.from('%PDF-'));
      await page.getByRole('heading', { name: 'Checking' }).waitFor();
      assert.equal(await page.evaluate(() => document.getAnimations().length > 0), moving);
      await page.close();
    }
  });
});
