import type { Context } from 'fabric-contract-api';
import { Records } from '@spondon/chaincode/records';

/** Imported before the chaincode's server: what it attests and what it writes differ from what every other one does. */

const { Append, Attest } = Records.prototype;

Records.prototype.Attest = async function (this: Records, ctx: Context) {
  const honest = JSON.parse(await Attest.call(this, ctx)) as { heads: { size: number }[] };
  for (const head of honest.heads) head.size += 1;
  return JSON.stringify(honest);
};

Records.prototype.Append = async function (this: Records, ctx: Context) {
  await Append.call(this, ctx);
  await ctx.stub.putState('invented', Buffer.from('by one of them alone'));
};
