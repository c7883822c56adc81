import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import sharp from 'sharp';

export interface Sight {
  /** What is in sight: a picture that sharp reads. */
  readonly picture: Uint8Array;
  /** Which part of it is held before the camera. */
  readonly position: 'top' | 'bottom';
}

const FRAME = { width: 1280, height: 720 };

/** Flags of a Chromium whose camera shows one picture, over and over. */
export async function cameraShowing({ picture, position }: Sight): Promise<string[]> {
  const frame = await sharp(picture)
    .resize({ ...FRAME, fit: 'cover', position })
    .jpeg({ quality: 85 })
    .toBuffer();
  const folder = await mkdtemp(join(tmpdir(), 'spondon-camera-'));
  after(() => rm(folder, { recursive: true }));
  const video = join(folder, 'sight.mjpeg');
  await writeFile(video, Buffer.concat(Array.from({ length: 10 }, () => frame)));
  return ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${video}`];
}

/** A flag: whoever asks for the camera may use it. */
export const CAMERA_ALLOWED = '--use-fake-ui-for-media-stream';
