import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { createOrganisation } from '../embedded/certificates.js';
import { encodeIdentity } from '../envelope.js';
import { CertificateEnds } from './certificate-ends.js';

const YEAR_MS = 365 * 86_400_000;
const NOW = Date.UTC(2026, 0, 1);

describe('ends of certificates', () => {
  type Organisation = Awaited<ReturnType<typeof createOrganisation>>;
  let own: Organisation;
  let regulator: Organisation;
  let renewed: Organisation;
  const organisation = (mspId: string, at = NOW) => createOrganisation(mspId, at, randomBytes);
  before(async () => {
    own = await organisation('HospitalMSP');
    regulator = await organisation('DghsMSP');
    renewed = await organisation('DghsMSP', NOW + YEAR_MS);
  });

  const open = () => {
    const pair = { certificate: own.client.certificate, key: '' };
    const gateway = { mspId: 'DghsMSP', endpoint: '', serverName: '', tlsRoot: regulator.root.certificate };
    return new CertificateEnds({
      mspId: 'HospitalMSP',
      identity: pair,
      tls: pair,
      gateways: [gateway],
      witnesses: [gateway],
    });
  };
  const shown = (ends: CertificateEnds) => ends.all().map(({ use, holder }) => `${use} ${holder}`);
  const endOf = (ends: CertificateEnds, name: string) =>
    ends.all().find(({ use, holder }) => `${use} ${holder}` === name)?.until ?? assert.fail(name);

  test('our own and the roots that we trust are known at once', () => {
    assert.deepEqual(shown(open()), ['client HospitalMSP', 'client TLS HospitalMSP', 'TLS root ca.DghsMSP']);
  });

  test('orderers are those that the channel names now', () => {
    const ends = open();
    ends.orderersAre([Buffer.from(own.peer.certificate), Buffer.from(regulator.peer.certificate)]);
    ends.orderersAre([Buffer.from(regulator.peer.certificate)]);
    assert.deepEqual(shown(ends).slice(3), ['orderer peer.DghsMSP']);
  });

  test("an endorser's new certificate takes the old one's place, and nothing that cannot be read does harm", () => {
    const ends = open();
    const saw = (certificate: string): void => ends.sawEndorser(encodeIdentity('DghsMSP', certificate));
    saw(regulator.peer.certificate);
    const before = endOf(ends, 'endorser peer.DghsMSP');
    saw(renewed.peer.certificate);
    saw(regulator.peer.certificate);
    saw('no certificate');
    assert.ok(endOf(ends, 'endorser peer.DghsMSP') >= before + YEAR_MS);
    assert.equal(shown(ends).length, 4);
  });
});
