import sharp from 'sharp';
import { cachedSubsets, type Subsets } from '../text/embed.js';
import { openFaces, type Faces } from '../text/faces.js';
import type { Renderer } from './renderer.js';
import { cachedShaper, type Shaper } from '../text/shape.js';

/** What a thread keeps between stamps. */
export interface StampTools {
  readonly faces: Faces;
  readonly shape: Shaper;
  readonly subsets: Subsets;
  readonly renderer: Renderer;
}

/** For the thread that stamps: it also has the picture library keep nothing of one document while it does the next. */
export function createStampTools(renderer: Renderer): StampTools {
  sharp.cache(false);
  const faces = openFaces();
  return { faces, shape: cachedShaper(faces), subsets: cachedSubsets(faces), renderer };
}
