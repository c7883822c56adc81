import type { Context } from 'fabric-contract-api';
import { Records } from '@spondon/chaincode/records';

/** Imported before the chaincode's server: what it attests and what it writes differ from what every other one does. */

type Method = (this: Records, ctx: Context) => Promise<unknown>;

replace(
  'Attest',
  (attest) =>
    async function (ctx) {
      const told = JSON.parse(String(await attest.call(this, ctx))) as { heads: { size: number }[] };
      for (const head of told.heads) head.size += 1;
      return JSON.stringify(told);
    },
);

replace(
  'Append',
  (append) =>
    async function (ctx) {
      await append.call(this, ctx);
      await ctx.stub.putState('invented', Buffer.from('by one of them alone'));
    },
);

function replace(name: 'Attest' | 'Append', by: (honest: Method) => Method): void {
  const honest = Reflect.get(Records.prototype, name) as Method;
  Reflect.set(Records.prototype, name, by(honest));
}
