import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { BlobReader, BlobWriter, TextReader, ZipReader, ZipWriter } from '@zip.js/zip.js';
import { newCode, PATIENT } from '@spondon/verifier-service/deployment/deployment.test-support';
import { attachmentsIn } from '@spondon/verifier-service/report/report.test-support';
import type { Page } from 'playwright-core';
import { assertAccessible } from './accessible.test-support.js';
import { noChromium, openPortal, screenshot } from './browser.test-support.js';
import { workbookOf } from './workbook.test-support.js';

const ISSUED = 12;

describe('many documents at once', { skip: noChromium }, async () => {
  if (noChromium) return;
  const { service, visit } = await openPortal();
  const folder = await mkdtemp(join(tmpdir(), 'spondon-test-'));
  after(() => rm(folder, { recursive: true }));

  const codes: string[] = [];
  const files: Buffer[] = [];
  for (let count = 0; count < ISSUED; count++) codes.push((await service.issue()).body.documentId ?? '');
  await service.anchored();
  for (const code of codes) files.push(await service.fileOf(code));

  const bring = async (page: Page, paths: string | string[]): Promise<void> => {
    await page.goto('/');
    await page.locator('input[type=file]').first().setInputFiles(paths);
    await page.getByRole('status').getByText('All are checked').waitFor({ timeout: 240_000 });
  };
  const filters = async (page: Page): Promise<string[]> => page.locator('.filters button').allInnerTexts();
  const save = async (page: Page, button: string): Promise<Buffer> => {
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: button }).click();
    return readFile(await (await download).path());
  };

  it('a folder of five hundred: every file has its answer, broken ones too, and the page stays alive', async () => {
    const paths: string[] = [];
    await mkdir(join(folder, 'many'));
    for (let count = 0; count < 500; count++) {
      const content = count < ISSUED ? files[count] : count === ISSUED ? Buffer.alloc(0) : randomBytes(2000);
      paths.push(join(folder, 'many', `applicant-${count}.pdf`));
      await writeFile(paths[count] ?? '', content ?? '');
    }
    const page = await visit();
    await page.goto('/');
    await page.locator('input[type=file]').first().setInputFiles(paths);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('status').getByText('All are checked').waitFor({ timeout: 240_000 });
    assert.deepEqual(
      (await filters(page)).sort(),
      [
        'All 500',
        `Genuine ${ISSUED}`,
        `Cannot be confirmed ${500 - ISSUED - 1}`,
        'The file is empty 1',
      ].sort(),
    );
    await page.getByRole('button', { name: 'Genuine' }).click();
    assert.equal(await page.locator('tbody tr').count(), ISSUED);
    await screenshot(page, 'bulk-desktop');
    await page.getByRole('button', { name: 'applicant-0.pdf' }).click();
    assert.equal(await page.locator('.verdict h1').innerText(), 'Genuine');
    await page.getByRole('button', { name: 'Back to the table' }).click();
    const zip = new ZipReader(
      new BlobReader(new Blob([new Uint8Array(await save(page, 'Save all evidence'))])),
    );
    assert.equal((await zip.getEntries()).length, ISSUED);
    const csv = (await save(page, 'Save as CSV')).toString();
    assert.equal(csv.trim().split('\r\n').length, 501);
    assert.match(csv, /^applicant-0\.pdf,valid,/m);
    assert.match(await page.locator('.bulk').innerText(), /1 of them could not be asked about/);
    const report = await save(page, 'Save a signed report');
    assert.equal(attachmentsIn(report).size, ISSUED + 1);
    await page.close();
  });

  it('a ZIP with a table: persons are compared, and differences stand out', async () => {
    const zip = new ZipWriter(new BlobWriter());
    for (const [at, file] of files.slice(0, 3).entries())
      await zip.add(`in/${at}.pdf`, new BlobReader(new Blob([new Uint8Array(file)])));
    const rows = [
      'file,name,date of birth',
      `0.pdf,${PATIENT.toUpperCase()},1990-02-03`,
      '1.pdf,Somebody Else,3 February 1990',
      '2.pdf,Zinnia Qurratulain,03/02/1990',
      'missing.pdf,Nobody,',
    ];
    await zip.add('applicants.csv', new TextReader(rows.join('\n')));
    await zip.add('__MACOSX/._0.pdf', new TextReader('litter'));
    await writeFile(join(folder, 'all.zip'), Buffer.from(await (await zip.close()).arrayBuffer()));
    const page = await visit();
    await bring(page, join(folder, 'all.zip'));
    const text = await page.locator('tbody tr').allInnerTexts();
    assert.equal(text.length, 4);
    assert.match(
      text.find((line) => line.includes('missing.pdf')) ?? '',
      /names a file that is not among those/,
    );
    await screenshot(page, 'bulk-table');
    await page.close();
  });

  it('a table of codes alone: each is looked up, and identity is not checked', async () => {
    const sheet = ['code;name', `${codes[0]};A`, `${codes[1]?.toLowerCase()};B`, 'not a code;C'].join('\n');
    await writeFile(join(folder, 'codes.csv'), sheet);
    const page = await visit({ size: 'phone' });
    await bring(page, join(folder, 'codes.csv'));
    assert.equal(await page.getByText('Identity not checked').count(), 2);
    assert.equal(await page.locator('tbody').getByText('Not a code of ours').count(), 1);
    await screenshot(page, 'bulk-codes-phone');
    await page.close();
  });

  it('an Excel table of codes, with the officer’s own list: who is on it stands beside each answer', async () => {
    await writeFile(join(folder, 'panel.csv'), 'centre,licence\nHospital One,L-1\n');
    await writeFile(join(folder, 'codes.xlsx'), await workbookOf([['Code'], [codes[0] ?? ''], [newCode()]]));
    const page = await visit();
    await page.goto('/');
    await page.getByText('For embassies').click();
    await page.getByLabel('Load a list').setInputFiles(join(folder, 'panel.csv'));
    await page.getByText('panel.csv, loaded just now. Entries: 3').waitFor();
    await page.locator('input[type=file]').first().setInputFiles(join(folder, 'codes.xlsx'));
    await page.getByRole('status').getByText('All are checked').waitFor();
    const [registered = '', unknown = ''] = await page.locator('tbody tr').allInnerTexts();
    assert.match(registered, /Registered: now compare[^]*On it/);
    assert.match(unknown, /Cannot be confirmed/);
    assert.doesNotMatch(unknown, /On it/);
    const csv = (await save(page, 'Save as CSV')).toString();
    assert.match(csv, /,centre_on_list,physician_on_list,/);
    assert.match(csv, /,not-checked,yes,,/);
    await assertAccessible(page);
    await page.close();
  });

  it('an archive under a password, or damaged, is named and stops nothing', async () => {
    await writeFile(join(folder, 'damaged.zip'), randomBytes(500));
    await writeFile(join(folder, 'one.pdf'), files[0] ?? '');
    const page = await visit();
    await bring(page, [join(folder, 'damaged.zip'), join(folder, 'one.pdf')]);
    assert.match(await page.locator('.note').innerText(), /damaged\.zip could not be opened/);
    assert.equal(await page.locator('tbody tr').count(), 1);
    await page.close();
  });
});
