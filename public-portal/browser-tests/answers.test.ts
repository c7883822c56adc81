import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { formatDocumentId, parseDocumentId } from '@spondon/protocol/document-id';
import {
  admitHomeHospital,
  HOME_HOSPITAL,
  issueStatement,
  newHomeKey,
  PATIENT,
  signed,
} from '@spondon/verifier-service/deployment/deployment.test-support';
import { readXmpClaims } from '@spondon/verifier-service/stamp/xmp';
import { assertAccessible } from './accessible.test-support.js';
import { bring, bringWithEvidence, looksSaying, step, verdict } from './answer.test-support.js';
import { noChromium, openPortal, type Portal, screenshot } from './browser.test-support.js';

interface Issued {
  readonly code: string;
  readonly file: Buffer;
  readonly claims: string;
}

describe('the portal answers', { skip: noChromium }, async () => {
  if (noChromium) return;
  const portal: Portal = await openPortal();
  const { service, origin, visit } = portal;

  const issue = async (more: Readonly<Record<string, unknown>> = {}): Promise<Issued> => {
    const { body } = await service.issue(more);
    await service.anchored();
    const code = parseDocumentId(body.documentId ?? '');
    const file = await service.fileOf(code);
    return { code, file, claims: readXmpClaims(file) ?? assert.fail('no claims') };
  };
  const report = await issue();

  for (const [size, language, said] of looksSaying('Genuine', 'আসল')) {
    it(`a file, ${size}, ${language}: whose it is, since when, and that the browser itself checked it`, async () => {
      const page = await visit({ size, language });
      await page.goto('/');
      await screenshot(page, `start-${size}-${language}`);
      await bring(page, report.file);
      assert.equal(await verdict(page), said);
      await page.getByText('Hospital One').first().waitFor();
      assert.equal(await page.locator('.steps li.failed').count(), 0);
      await screenshot(page, `valid-${size}-${language}`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
      await assertAccessible(page);
      await page.close();
    });
  }

  it('a file goes nowhere: all that is asked for is its hash, its evidence and the trust list', async () => {
    const page = await visit();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await page.goto('/');
    await bring(page, report.file);
    await verdict(page);
    assert.deepEqual(
      asked
        .filter((line) => line.includes('/v1/'))
        .map((line) => line.replace(/[0-9a-f]{64}/, '<sha256>'))
        .sort(),
      ['GET /v1/issuers', 'GET /v1/trust', 'GET /v1/verify/<sha256>', 'POST /v1/evidence'],
    );
    assert.deepEqual(await page.context().cookies(), []);
    await page.close();
  });

  it('a code is answered that is entered as soon as there is a field for it', async () => {
    const page = await visit();
    await page.addInitScript((code) => {
      new MutationObserver((_changes, observer) => {
        const field = document.querySelector<HTMLInputElement>('input.code');
        if (!field) return;
        observer.disconnect();
        field.value = code;
        field.dispatchEvent(new Event('input', { bubbles: true }));
        // Once the page has drawn what was typed, and not later.
        queueMicrotask(() => queueMicrotask(() => field.form?.requestSubmit()));
      }).observe(document, { childList: true, subtree: true });
    }, report.code);
    await page.goto('/');
    assert.equal(await verdict(page), 'Registered: now compare');
    await page.close();
  });

  it('a code alone is registered, and never genuine', async () => {
    const page = await visit();
    await page.goto('/');
    await page
      .getByLabel('Code beside the QR code')
      .pressSequentially(formatDocumentId(report.code).toLowerCase());
    await page.keyboard.press('Enter');
    assert.equal(await verdict(page), 'Registered: now compare');
    assert.equal(new URL(page.url()).pathname, `/d/${report.code}`);
    assert.match(await step(page, 'Compare the file').innerText(), /Could not be checked/);
    await screenshot(page, 'code');
    await page.close();
  });

  it('a QR code’s link shows the facts to compare, and whose birth date it is', async () => {
    const page = await visit();
    await page.goto(`/v#${report.claims}`);
    assert.equal(await verdict(page), 'Signed: now compare');
    const facts = await page.locator('.claims').innerText();
    assert.match(facts, new RegExp(`Patient’s name\\s+${PATIENT}`));
    assert.match(facts, /Patient’s date of birth\s+3 February 1990/);
    await screenshot(page, 'claims');
    await page.close();
  });

  it('in Bangla, dates have Bangla months and digits', async () => {
    const page = await visit({ language: 'bn' });
    await page.goto(`/v#${report.claims}`);
    await verdict(page);
    assert.match(await page.locator('.claims').innerText(), /৩ ফেব্রুয়ারি ১৯৯০/);
    assert.equal(await page.getAttribute('html', 'lang'), 'bn');
    await page.close();
  });

  it('an unknown file is not called false', async () => {
    const page = await visit();
    await page.goto('/');
    await bring(page, randomBytes(5000));
    assert.equal(await verdict(page), 'Cannot be confirmed');
    assert.doesNotMatch(await page.locator('main').innerText(), /fake|forged|counterfeit|failed/i);
    await screenshot(page, 'not-found');
    await assertAccessible(page);
    await page.close();
  });

  it('facts that somebody changed are not those that were signed', async () => {
    const [header, , signature] = report.claims.split('.');
    const payload = JSON.parse(Buffer.from(report.claims.split('.')[1] ?? '', 'base64url').toString()) as {
      s: Record<string, string>;
    };
    payload.s['n'] = 'Somebody Else';
    const forged = [header, Buffer.from(JSON.stringify(payload)).toString('base64url'), signature].join('.');
    const page = await visit();
    await page.goto(`/v#${forged}`);
    assert.equal(await verdict(page), 'Contradicts the register');
    assert.equal(await page.getByText('Somebody Else').count(), 0);
    assert.match(await page.locator('.facts').innerText(), /no facility signed them/);
    await screenshot(page, 'altered');
    await page.close();
  });

  it('a withdrawn document, and one that was replaced', async () => {
    const [first, second] = [await issue(), await issue()];
    await service.revoke(first.code, { reason: 'fraud' });
    const { code } = await issue({ supersedes: second.code });
    for (const [name, file, expected, said] of [
      ['revoked', first.file, 'Withdrawn', /because of fraud/],
      ['superseded', second.file, 'Replaced', new RegExp(formatDocumentId(code))],
    ] as const) {
      const page = await visit();
      await page.goto('/');
      await bring(page, file);
      assert.equal(await verdict(page), expected);
      assert.match(await step(page, 'Status today').innerText(), said);
      await screenshot(page, name);
      await page.close();
    }
  });

  it('a document whose validity has ended', async () => {
    const inAnHour = Math.floor(Date.now() / 1000) + 3600;
    const { file } = await issue({ exp: inAnHour });
    const page = await visit();
    await page.clock.setFixedTime(Date.now() + 2 * 3600 * 1000);
    await page.goto('/');
    await bring(page, file);
    assert.equal(await verdict(page), 'Expired');
    await screenshot(page, 'expired');
    await page.close();
  });

  it('old evidence brought along does not hide a withdrawal, nor does another document’s hide a genuine file', async () => {
    const [withdrawn, other] = [await issue(), await issue()];
    const evidenceOf = async (code: string) =>
      (await service.ask('GET', `/v1/documents/${code}/evidence`)).bytes;
    const evidence = await evidenceOf(withdrawn.code);
    await service.revoke(withdrawn.code, { reason: 'fraud' });
    await service.anchored();
    const page = await visit();
    await page.goto('/');
    await bringWithEvidence(page, withdrawn.file, evidence);
    assert.equal(await verdict(page), 'Withdrawn');
    await page.goto('/');
    await bring(page, evidence, 'evidence.json');
    assert.equal(await verdict(page), 'Withdrawn');
    await page.goto('/');
    await bringWithEvidence(page, other.file, evidence);
    assert.equal(await verdict(page), 'Genuine');
    await page.getByText('came along is about another document').waitFor();
    await page.close();
  });

  it('with evidence at hand, a file is checked without a network, as of the day of the evidence', async () => {
    const { code, file } = await issue();
    const { bytes } = await service.ask('GET', `/v1/documents/${code}/evidence`);
    const page = await visit();
    await page.goto('/');
    await page.getByText('fetched just now').waitFor();
    await page.route('**/v1/**', (route) => route.abort());
    await bringWithEvidence(page, file, bytes);
    assert.match(await verdict(page), /^Genuine, as of \d+ \w+ \d{4}$/);
    assert.match(await page.locator('.verdict p').innerText(), /withdrawn since/);
    await step(page, 'Status on that day').waitFor();
    await screenshot(page, 'as-of');
    await page.close();
  });

  it('two facilities under one code', async () => {
    const home = newHomeKey();
    const key = await admitHomeHospital(service, home);
    const other = await issue();
    const second = issueStatement({ jti: other.code, iss: HOME_HOSPITAL });
    await service.ask('POST', '/v1/statements', { key, json: { statements: [await signed(second, home)] } });
    await service.anchored();
    const page = await visit();
    await page.goto(`/d/${other.code}`);
    assert.equal(await verdict(page), 'More than one document');
    await screenshot(page, 'conflict');
    await page.close();
  });

  it('an issuer that was suspended since: what it issued stands, and that is told', async () => {
    const { file } = await issue();
    const suspension = '/v1/issuers/bd.dghs.10000001/suspension';
    await service.asOperator('POST', suspension);
    const page = await visit();
    await page.goto('/');
    await bring(page, file);
    assert.equal(await verdict(page), 'Genuine');
    assert.match(await page.locator('.note').allInnerTexts().then(String), /suspended/);
    await screenshot(page, 'issuer-suspended');
    await page.close();
    await service.asOperator('DELETE', suspension);
  });

  it('with the service down, claims are still checked against the list at hand, and the page says what was not', async () => {
    const page = await visit();
    await page.goto('/');
    await page.getByText('fetched just now').waitFor();
    await page.route('**/v1/**', (route) => route.abort());
    await page.evaluate((claims) => {
      history.pushState(null, '', '/v');
      location.hash = claims;
    }, report.claims);
    assert.equal(await verdict(page), 'Could not be checked');
    assert.match(await step(page, 'Facts in the code').innerText(), /signed by Hospital One/);
    assert.match(await page.locator('main').innerText(), /says nothing against it/);
    await screenshot(page, 'unavailable');
    await page.close();
  });

  it('opens and checks claims without a network, once it was loaded', async () => {
    const page = await visit();
    await page.goto('/');
    await page.getByText('fetched just now').waitFor();
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await page.context().setOffline(true);
    await page.goto(`/v#${report.claims}`);
    assert.equal(await verdict(page), 'Could not be checked');
    assert.match(await step(page, 'Facts in the code').innerText(), /signed by Hospital One/);
    await page.close();
  });

  it('a mistyped code is told while typing, and can not be sent', async () => {
    const page = await visit();
    await page.goto('/');
    const mistyped = formatDocumentId(report.code).replace(/^./, (first) => (first === '7' ? '8' : '7'));
    await page.getByLabel('Code beside the QR code').fill(mistyped);
    assert.match(await page.getByRole('status').innerText(), /mistyped/);
    assert.ok(await page.getByRole('button', { name: 'Check the code' }).isDisabled());
    await screenshot(page, 'mistyped');
    await assertAccessible(page);
    await page.close();
  });

  it('an address with a code in any spelling is answered; a mistyped one says what is wrong with it', async () => {
    const page = await visit();
    await page.goto(`/d/%20${formatDocumentId(report.code).toLowerCase()}%20`);
    assert.equal(await verdict(page), 'Registered: now compare');
    await page.goto(`/d/${report.code.replace(/^./, (first) => (first === '7' ? '8' : '7'))}`);
    assert.match(await page.getByRole('alert').innerText(), /mistyped: its last sign/);
    await page.goto('/d/hello');
    assert.match(await page.getByRole('alert').innerText(), /not a code of ours/);
    await page.goto('/v#abc');
    assert.match(await page.getByRole('alert').innerText(), /link is incomplete/);
    await page.close();
  });

  it('a code is taken as mail and word processors write it', async () => {
    const page = await visit();
    const written = formatDocumentId(report.code);
    for (const text of [
      `Code: ${written.replaceAll('-', ' – ')}.`,
      `(${origin.replace('http:', 'https:')}/d/${report.code}).`,
    ]) {
      await page.goto('/');
      await page.getByLabel('Code beside the QR code').fill(text);
      await page.keyboard.press('Enter');
      assert.equal(await verdict(page), 'Registered: now compare', text);
    }
    await page.close();
  });

  it('Back leads to the start, Forward to the answer, which is not asked for again', async () => {
    const page = await visit();
    await page.goto('/');
    await bring(page, report.file);
    assert.equal(await verdict(page), 'Genuine');
    await page.goBack();
    await page.getByRole('heading', { name: 'Is this document genuine?' }).waitFor();
    await page.goForward();
    assert.equal(await verdict(page), 'Genuine');
    await page.close();
  });

  it('a link of another host is refused with an explanation', async () => {
    const page = await visit();
    await page.goto('/');
    await page.getByLabel('Code beside the QR code').fill(`https://verify-bd.example.net/d/${report.code}`);
    await page.keyboard.press('Enter');
    assert.match(
      await page.getByRole('alert').innerText(),
      /verify-bd\.example\.net.*not an address of this check/,
    );
    await screenshot(page, 'foreign-host');
    await page.close();
  });

  it('hostile names are text', async () => {
    const page = await visit();
    await page.goto('/');
    const name = '<img src=x onerror=alert(1)>\u202Efdp.exe';
    await bring(page, randomBytes(100), name);
    await verdict(page);
    assert.match(await page.locator('.file-name').innerText(), /<img src=x onerror=alert\(1\)>/);
    assert.equal(await page.locator('main img').count(), 0);
    await page.close();
  });

  it('an empty file says so', async () => {
    const page = await visit();
    await page.goto('/');
    await bring(page, Buffer.alloc(0));
    assert.match(await page.getByRole('alert').innerText(), /empty/);
    await page.close();
  });
});
