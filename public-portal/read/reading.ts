/** What a file turned out to hold. Whoever made the file controls all of it but its hash. */
export interface Reading {
  /** SHA-256, hexadecimal. */
  readonly sha256: string;
  /** Claims JWS texts of its QR codes (with the host of the code's URL) and its XMP (host null). Not verified. */
  readonly claims: readonly FoundJws[];
  /** Label codes: documents that it names, without claims. Ids are canonical. */
  readonly labels: readonly FoundLabel[];
  /** Whether all of it was searched for codes: only then 'no code found' means that there is none. */
  readonly complete: boolean;
  /** Why it was not; null when it is complete. */
  readonly gap: Gap | null;
  /** Its text, when it is an evidence file itself, sound or not. */
  readonly evidence: string | null;
}

export interface FoundJws {
  readonly jws: string;
  readonly host: string | null;
  /** From 1, the first that has it; null in XMP. */
  readonly page: number | null;
}

export interface FoundLabel {
  readonly documentId: string;
  readonly host: string;
  /** From 1. */
  readonly page: number;
}

/** Why a file, or a part of it, was not searched for codes. */
export type Gap =
  /** More than 25 MB, or a picture of more pixels than are decoded. */
  | 'too-large'
  /** No PDF, and no picture that this browser shows: HEIC in most of them, TIFF in all, a text, an archive. */
  | 'not-shown'
  /** Damaged, encrypted, or harmful to the programs that show it. */
  | 'damaged'
  | 'out-of-time'
  /** What shows PDFs or reads codes could not be fetched. */
  | 'no-decoder'
  /** Who asked had enough, see {@link ReadOptions.isEnough}. */
  | 'not-needed';

/** What is known of a file before any page of it is looked at: of its claims, those that its metadata show. */
export type SoFar = Omit<Reading, 'complete' | 'gap'>;

/** Larger files are hashed and not searched: so does the service. */
export const MAX_SEARCHED_BYTES = 25 * 1024 * 1024;

/** A file that cannot be read, or has nothing in it. */
export class FileFault extends Error {
  override readonly name = 'FileFault';
  constructor(
    readonly code: 'unreadable' | 'empty',
    options?: ErrorOptions,
  ) {
    super(code, options);
  }
}

export interface ReadOptions {
  /** Told of the share that is done, 0 to 1. */
  readonly onProgress: (share: number) => void;
  readonly signal: AbortSignal;
  /** How long its pages are looked at before the search is given up. Default 8 seconds. */
  readonly searchMs?: number | undefined;
  /**
   * Asked before decoders are fetched and pages are looked at: who finds the hash in the register needs no codes, and
   * spares a slow network two megabytes. Without it, and when it rejects, the pages are looked at.
   */
  readonly isEnough?: ((soFar: SoFar) => Promise<boolean>) | undefined;
}

/** Rejects with {@link FileFault}, or with the signal's reason when it is aborted. */
export type ReadFile = (file: File, options: ReadOptions) => Promise<Reading>;
