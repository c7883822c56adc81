/** google-protobuf ships no types; these are the ones that @hyperledger/fabric-protos' own declarations refer to. */
declare module 'google-protobuf/google/protobuf/timestamp_pb' {
  export class Timestamp {
    getSeconds(): number;
    setSeconds(value: number): void;
    getNanos(): number;
    setNanos(value: number): void;
  }
}

/** The same as an ES module sees it. */
declare module 'google-protobuf/google/protobuf/timestamp_pb.js' {
  import { Timestamp } from 'google-protobuf/google/protobuf/timestamp_pb';
  const messages: { readonly Timestamp: typeof Timestamp };
  export default messages;
}
