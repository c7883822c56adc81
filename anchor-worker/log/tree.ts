import type { Hash } from '@spondon/protocol/crypto';
import { emptyRoot, leafHash, nodeHash } from '@spondon/protocol/merkle/tree';

/** Tiles are 8 levels high (C2SP tlog-tiles), so that every eighth level of the tree is stored. */
export const TILE_HEIGHT = 8;
export const TILE_WIDTH = 1 << TILE_HEIGHT;

interface Perfect {
  readonly height: number;
  readonly hash: Uint8Array;
}

/**
 * The right edge of an RFC 9162 tree: what appending and the root need, and of every tile level the row of hashes that
 * has not filled a tile yet. One node hash a leaf on average, for root and tiles together.
 */
export class Tree {
  /** Perfect subtrees, largest first. */
  readonly #edge: Perfect[] = [];
  /** `rows[t]`: the hashes at height 8t that stand in the last, incomplete tile of tile level t. */
  readonly #rows: Uint8Array[][] = [];
  #size = 0;

  constructor(
    private readonly hash: Hash,
    /** Told of each row of 256 hashes as it fills: tile level, number of the tile, the row. */
    private readonly onFullTile: (level: number, tile: number, row: readonly Uint8Array[]) => void,
  ) {}

  /** Restores the edge of a tree of `size` leaves from its incomplete tiles' rows, by tile level. */
  restore(size: number, rows: readonly (readonly Uint8Array[])[]): void {
    for (let level = rows.length - 1; level >= 0; level -= 1) {
      for (const hash of rows[level] ?? []) this.#push(level * TILE_HEIGHT, hash);
    }
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  append(entry: Uint8Array): void {
    this.#push(0, leafHash(entry, this.hash));
    this.#size += 1;
  }

  root(): Uint8Array {
    const edge = [...this.#edge];
    let root = edge.pop()?.hash;
    if (root === undefined) return emptyRoot(this.hash);
    for (let left = edge.pop(); left !== undefined; left = edge.pop())
      root = nodeHash(left.hash, root, this.hash);
    return root;
  }

  /** The incomplete tile's row at a tile level; empty when the level's last tile is full. */
  row(level: number): readonly Uint8Array[] {
    return this.#rows[level] ?? [];
  }

  get tileLevels(): number {
    return this.#rows.length;
  }

  #push(height: number, hash: Uint8Array): void {
    let node = { height, hash };
    this.#keepInTile(node);
    for (let left = this.#edge.at(-1); left?.height === node.height; left = this.#edge.at(-1)) {
      this.#edge.pop();
      node = { height: node.height + 1, hash: nodeHash(left.hash, node.hash, this.hash) };
      if (node.height % TILE_HEIGHT === 0) this.#keepInTile(node);
    }
    this.#edge.push(node);
  }

  #keepInTile(node: Perfect): void {
    const level = node.height / TILE_HEIGHT;
    const row = (this.#rows[level] ??= []);
    row.push(node.hash);
    if (row.length < TILE_WIDTH) return;
    const leaves = TILE_WIDTH ** (level + 1);
    // The leaf being appended is not counted yet, so the tile that it completes is the one it stands in.
    this.onFullTile(level, Math.floor(this.#size / leaves), row);
    this.#rows[level] = [];
  }
}
