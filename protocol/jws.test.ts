import assert from 'node:assert/strict';
import { createHmac, createPrivateKey, generateKeyPairSync, sign as signSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64url, encodeBase64url } from './base64url.js';
import { concatBytes, fromHex, utf8 } from './bytes.js';
import { publicKeyFromJwk } from './crypto.js';
import { signWith, verify } from './crypto-node.js';
import { parseJws, signJws } from './jws.js';
import { formats } from './vectors/formats.js';
import { RFC6979_KEY, RFC6979_SAMPLE } from './vectors/rfc6979-key.js';

const TYP = 'spondon-statement+jwt';
const privateKey = createPrivateKey({ key: RFC6979_KEY, format: 'jwk' });
const publicKey = publicKeyFromJwk(formats.jwk);
const sign = signWith(privateKey);

const b64 = (text: string): string => encodeBase64url(utf8(text));
const parse = (text: string): ReturnType<typeof parseJws> => parseJws(text, TYP, 2048);

/** A JWS with this header and payload, as text, really signed by the key. */
async function forge(header: string, payload = '{"a":1}'): Promise<string> {
  const input = `${b64(header)}.${b64(payload)}`;
  return `${input}.${encodeBase64url(await sign(utf8(input)))}`;
}

const GOOD_HEADER = `{"alg":"ES256","kid":"k1","typ":"${TYP}"}`;

test('what was signed is read back, verifies, and is spelt the same again', async () => {
  const kids = fc.string({ unit: fc.constantFrom(...Array.from('aZ09-_')), minLength: 1, maxLength: 43 });
  await fc.assert(
    fc.asyncProperty(
      kids,
      fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }),
      async (kid, payload) => {
        const text = await signJws(TYP, kid, payload, sign);
        const jws = parseJws(text, TYP, 1e6);
        assert.equal(jws.text, text);
        assert.equal(jws.kid, kid);
        assert.deepEqual(jws.payload, JSON.parse(JSON.stringify(payload)));
        assert.ok(await verify(publicKey, jws.signature, jws.signingInput));
        assert.ok(text.startsWith(Buffer.from(jws.signingInput).toString('latin1')));
      },
    ),
    { numRuns: 50 },
  );
});

test('the JWS of another implementation reads and verifies', async () => {
  for (const { text, kid } of formats.statements) {
    const jws = parse(text);
    assert.equal(jws.kid, kid);
    assert.ok(await verify(publicKey, jws.signature, jws.signingInput));
  }
});

test('every header but the exact one is refused, although signed', async () => {
  const headers = {
    'alg none': `{"alg":"none","kid":"k1","typ":"${TYP}"}`,
    'alg None': `{"alg":"None","kid":"k1","typ":"${TYP}"}`,
    'alg HS256': `{"alg":"HS256","kid":"k1","typ":"${TYP}"}`,
    'alg RS256': `{"alg":"RS256","kid":"k1","typ":"${TYP}"}`,
    'alg ES256K': `{"alg":"ES256K","kid":"k1","typ":"${TYP}"}`,
    'alg es256': `{"alg":"es256","kid":"k1","typ":"${TYP}"}`,
    'no alg': `{"kid":"k1","typ":"${TYP}"}`,
    'another typ': '{"alg":"ES256","kid":"k1","typ":"spondon-claims+jwt"}',
    'typ JWT': '{"alg":"ES256","kid":"k1","typ":"JWT"}',
    'no typ': '{"alg":"ES256","kid":"k1"}',
    crit: `{"alg":"ES256","crit":["b64"],"kid":"k1","typ":"${TYP}"}`,
    'b64 false': `{"alg":"ES256","b64":false,"kid":"k1","typ":"${TYP}"}`,
    jwk: `{"alg":"ES256","jwk":${JSON.stringify(formats.jwk)},"kid":"k1","typ":"${TYP}"}`,
    jku: `{"alg":"ES256","jku":"https://evil.example/keys","kid":"k1","typ":"${TYP}"}`,
    'a member after the last': `{"alg":"ES256","kid":"k1","typ":"${TYP}","x":1}`,
    'duplicate alg': `{"alg":"none","alg":"ES256","kid":"k1","typ":"${TYP}"}`,
    'duplicate kid': `{"alg":"ES256","kid":"k0","kid":"k1","typ":"${TYP}"}`,
    'another order': `{"kid":"k1","alg":"ES256","typ":"${TYP}"}`,
    'white space': `{"alg":"ES256", "kid":"k1","typ":"${TYP}"}`,
    'escaped letter': `{"alg":"\\u0045S256","kid":"k1","typ":"${TYP}"}`,
    'no kid': `{"alg":"ES256","typ":"${TYP}"}`,
    'empty kid': `{"alg":"ES256","kid":"","typ":"${TYP}"}`,
    'kid of 44': `{"alg":"ES256","kid":"${'k'.repeat(44)}","typ":"${TYP}"}`,
    'kid with a quote': `{"alg":"ES256","kid":"k\\"","typ":"${TYP}"}`,
    'kid with a member inside': `{"alg":"ES256","kid":"k","jwk":"x","typ":"${TYP}"}`,
    'kid a number': `{"alg":"ES256","kid":1,"typ":"${TYP}"}`,
    'not an object': `["ES256","k1","${TYP}"]`,
    empty: '',
  };
  for (const [what, header] of Object.entries(headers)) {
    const text = await forge(header);
    assert.throws(() => parse(text), { name: 'ProtocolError', code: 'JWS' }, what);
  }
  assert.equal(parse(await forge(GOOD_HEADER)).kid, 'k1');
});

test('algorithm confusion: an HMAC under the public key, and RSA, are refused', () => {
  const hmacInput = `${b64(`{"alg":"HS256","kid":"k1","typ":"${TYP}"}`)}.${b64('{"a":1}')}`;
  const hmac = createHmac('sha256', publicKey).update(hmacInput).digest('base64url');
  const rsaInput = `${b64(`{"alg":"RS256","kid":"k1","typ":"${TYP}"}`)}.${b64('{"a":1}')}`;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const rsaSignature = signSync('sha256', utf8(rsaInput), rsa).toString('base64url');
  for (const text of [`${hmacInput}.${hmac}`, `${rsaInput}.${rsaSignature}`]) {
    assert.throws(() => parse(text), { name: 'ProtocolError', code: 'JWS' });
  }
});

test('every payload but canonical JSON is refused, although signed', async () => {
  const payloads = {
    'duplicate members': '{"a":1,"a":1}',
    'another order': '{"b":1,"a":1}',
    'white space': '{"a": 1}',
    'another number': '{"a":1.0}',
    'an escape': '{"\\u0061":1}',
    'not JSON': '{a:1}',
    empty: '',
  };
  for (const [what, payload] of Object.entries(payloads)) {
    const text = await forge(GOOD_HEADER, payload);
    assert.throws(() => parse(text), { name: 'ProtocolError', code: 'NOT_CANONICAL' }, what);
  }
});

test('a payload that is not UTF-8 is refused', () => {
  const text = `${b64(GOOD_HEADER)}.${encodeBase64url(fromHex('22ff22'))}.${'A'.repeat(86)}`;
  assert.throws(() => parse(text), { name: 'ProtocolError', code: 'UTF8' });
});

test('the other signature, with high S, is refused', async () => {
  const text = await forge(GOOD_HEADER);
  const [header, payload, signature = ''] = text.split('.');
  const bytes = decodeBase64url(signature);
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = order - BigInt(`0x${Buffer.from(bytes.subarray(32)).toString('hex')}`);
  const high = concatBytes(bytes.subarray(0, 32), fromHex(s.toString(16).padStart(64, '0')));
  const input = utf8(`${header ?? ''}.${payload ?? ''}`);
  assert.equal(await verify(publicKey, high, input), true, 'the malleated signature is a valid one');
  assert.throws(() => parse(`${header ?? ''}.${payload ?? ''}.${encodeBase64url(high)}`), {
    name: 'ProtocolError',
    code: 'JWS',
  });
});

test('a signer that gives high S is normalised, one that gives no signature is refused', async () => {
  const sample = concatBytes(fromHex(RFC6979_SAMPLE.r), fromHex(RFC6979_SAMPLE.s));
  const text = await signJws(TYP, 'k', {}, () => Promise.resolve(sample));
  assert.doesNotThrow(() => parse(text));
  await assert.rejects(
    signJws(TYP, 'k', {}, () => Promise.resolve(new Uint8Array(71))),
    {
      code: 'SIGNATURE_FORMAT',
    },
  );
});

test('a signature of another length is refused, DER included', async () => {
  const input = `${b64(GOOD_HEADER)}.${b64('{"a":1}')}`;
  const raw = await sign(utf8(input));
  const der = new Uint8Array(signSync('sha256', utf8(input), privateKey));
  for (const signature of [new Uint8Array(0), raw.subarray(1), concatBytes(raw, Uint8Array.of(0)), der]) {
    assert.throws(() => parse(`${input}.${encodeBase64url(signature)}`), { code: 'JWS' });
  }
});

test('other numbers of parts, padding, white space and JSON serialisation are refused', async () => {
  const good = await forge(GOOD_HEADER);
  const [header = '', payload = '', signature = ''] = good.split('.');
  const texts: readonly (readonly [text: string, code: string])[] = [
    ['', 'JWS'],
    [`${header}.${payload}`, 'JWS'],
    [`${good}.`, 'JWS'],
    [`${good}.${signature}`, 'JWS'],
    [`${header}..${signature}`, 'NOT_CANONICAL'],
    [`${good}=`, 'BASE64URL'],
    [`${good}\n`, 'BASE64URL'],
    [` ${good}`, 'BASE64URL'],
    [`${header}.${payload}=.${signature}`, 'BASE64URL'],
    [JSON.stringify({ protected: header, payload, signature }), 'JWS'],
  ];
  for (const [text, code] of texts) assert.throws(() => parse(text), { name: 'ProtocolError', code }, text);
});

test('a last symbol with bits beyond the last byte is refused: a second spelling', async () => {
  const good = await forge(GOOD_HEADER);
  // 64 bytes leave four spare bits in the last of 86 symbols.
  const next = { A: 'B', Q: 'R', g: 'h', w: 'x' }[good.slice(-1)] ?? assert.fail('not canonical');
  assert.throws(() => parse(good.slice(0, -1) + next), { name: 'ProtocolError', code: 'BASE64URL' });
});

test('a text longer than allowed is refused before it is read', async () => {
  const good = await forge(GOOD_HEADER);
  assert.equal(parseJws(good, TYP, good.length).text, good);
  assert.throws(() => parseJws(good, TYP, good.length - 1), { name: 'ProtocolError', code: 'TOO_LARGE' });
  assert.throws(() => parse('.'.repeat(2049)), { name: 'ProtocolError', code: 'TOO_LARGE' });
});

test('every single-character change of a signed text is refused or does not verify', async () => {
  const good = await forge(GOOD_HEADER);
  for (let i = 0; i < good.length; i++) {
    const changed = good.slice(0, i) + (good[i] === 'A' ? 'B' : 'A') + good.slice(i + 1);
    let jws: ReturnType<typeof parseJws>;
    try {
      jws = parse(changed);
    } catch (error) {
      assert.equal((error as Error).name, 'ProtocolError');
      continue;
    }
    assert.equal(await verify(publicKey, jws.signature, jws.signingInput), false, `character ${i}`);
  }
});

test('a key id that could break out of the header is not signed under', async () => {
  for (const kid of ['', 'a"', 'a b', 'k'.repeat(44), 'ক']) {
    await assert.rejects(signJws(TYP, kid, {}, sign), { name: 'ProtocolError', code: 'JWS' });
  }
});
