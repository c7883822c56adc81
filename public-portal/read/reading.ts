/** What a file turned out to hold. Whoever made the file controls all of it but its hash. */
export interface Reading {
  /** SHA-256, hexadecimal. */
  readonly sha256: string;
  /** Claims JWS texts of its QR codes (with the host of the code's URL) and its XMP (host null). Not verified. */
  readonly claims: readonly { readonly jws: string; readonly host: string | null }[];
  /** Label codes: documents that it names, without claims. Ids are canonical. */
  readonly labels: readonly { readonly documentId: string; readonly host: string }[];
  /** Whether all of it was searched for codes: only then 'no code found' means that there is none. */
  readonly complete: boolean;
  /** Its text, when it is an evidence file itself. */
  readonly evidence: string | null;
}

/** A file that cannot be read, or has nothing in it. */
export class FileFault extends Error {
  override readonly name = 'FileFault';
  constructor(readonly code: 'unreadable' | 'empty') {
    super(code);
  }
}

export interface ReadOptions {
  /** Told of the share that was read, 0 to 1. */
  readonly onProgress: (share: number) => void;
  readonly signal: AbortSignal;
}

/** Rejects with {@link FileFault}, or with the signal's reason when it is aborted. */
export type ReadFile = (file: File, options: ReadOptions) => Promise<Reading>;
