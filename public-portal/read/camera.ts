import workerUrl from './read.worker.js?worker&url';
import { trustedScript } from '../trusted-script.js';
import type { FrameJob, FrameMessage } from './read.worker.js';

/** Why there is no live camera. */
export type CameraFault =
  /** The visitor, or whoever set up the device, does not allow it. */
  | 'not-allowed'
  | 'no-camera'
  /** By another program; or it was unplugged. */
  | 'in-use'
  /** The page came without TLS. */
  | 'insecure'
  /** This browser is too old. */
  | 'unsupported'
  /** What reads codes could not be fetched. */
  | 'no-decoder';

export class CameraError extends Error {
  override readonly name = 'CameraError';
  constructor(
    readonly code: CameraFault,
    options?: ErrorOptions,
  ) {
    super(code, options);
  }
}

export interface CameraOptions {
  readonly video: HTMLVideoElement;
  /** One of an earlier {@link Camera.choices}; by default the one that faces away from the visitor. */
  readonly deviceId: string | null;
  /** Told of each text that is read, again and again while it is in sight; true ends the scanning. */
  readonly onText: (text: string) => boolean;
  /** Told when scanning ends because it cannot go on. */
  readonly onFault: (error: CameraError) => void;
  /** When aborted, everything is let go of. */
  readonly signal: AbortSignal;
}

export interface Camera {
  readonly deviceId: string | undefined;
  readonly choices: readonly { readonly deviceId: string; readonly label: string }[];
  /** Null for a camera without a light. Rejects when the light does not obey. */
  readonly setTorch: ((isOn: boolean) => Promise<void>) | null;
}

/**
 * Shows a camera in `video` and reads the codes in sight, until one is taken or the signal is aborted. Then the camera is
 * let go of.
 *
 * Rejects with {@link CameraError}, or with the signal's reason.
 */
export async function openCamera(options: CameraOptions): Promise<Camera> {
  const { video, deviceId, onText, onFault, signal } = options;
  const stream = await streamOf(deviceId);
  const worker = new Worker(trustedScript(workerUrl), { type: 'module' });
  const closed = new AbortController();
  const close = (): void => {
    closed.abort();
    worker.terminate();
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
    signal.removeEventListener('abort', close);
  };
  const fail = (fault: CameraError): void => {
    if (closed.signal.aborted) return;
    close();
    onFault(fault);
  };
  signal.addEventListener('abort', close);
  // It may have been called off while the visitor was asked for permission.
  if (signal.aborted) close();
  signal.throwIfAborted();

  const [track] = stream.getVideoTracks();
  track?.addEventListener('ended', () => fail(new CameraError('in-use')));
  video.srcObject = stream;
  await video.play().catch((cause: unknown) => {
    close();
    signal.throwIfAborted();
    throw new CameraError('in-use', { cause });
  });
  scan(video, worker, onText, closed.signal).then(close, (error: unknown) =>
    fail(error instanceof CameraError ? error : new CameraError('unsupported', { cause: error })),
  );
  return { deviceId: track?.getSettings().deviceId, choices: await choices(), setTorch: torchOf(track) };
}

async function streamOf(deviceId: string | null): Promise<MediaStream> {
  if (!isSecureContext) throw new CameraError('insecure');
  // Typed as always there; old browsers have none of them.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices || typeof OffscreenCanvas === 'undefined') throw new CameraError('unsupported');
  const which = deviceId === null ? { facingMode: 'environment' } : { deviceId: { exact: deviceId } };
  // A dense code needs the pixels.
  const size = { width: { ideal: 1920 }, height: { ideal: 1080 } };
  try {
    return await devices.getUserMedia({ audio: false, video: { ...which, ...size } });
  } catch (cause) {
    throw new CameraError(faultOf(cause), { cause });
  }
}

/** By the names in Media Capture and Streams, 10.3.2, and those that older browsers give. */
export function faultOf(error: unknown): CameraFault {
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'not-allowed';
    case 'NotFoundError':
    case 'OverconstrainedError':
    case 'DevicesNotFoundError':
      return 'no-camera';
    case 'NotReadableError':
    case 'AbortError':
    case 'TrackStartError':
      return 'in-use';
    default:
      return 'unsupported';
  }
}

/** Their names are known once a camera may be used. */
async function choices(): Promise<Camera['choices']> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind }) => kind === 'videoinput');
}

function torchOf(track: MediaStreamTrack | undefined): Camera['setTorch'] {
  if (!track || !('getCapabilities' in track)) return null;
  // Of the MediaStream Image Capture specification, which TypeScript does not know.
  const { torch } = track.getCapabilities() as { readonly torch?: boolean };
  if (torch !== true) return null;
  return (isOn) => track.applyConstraints({ advanced: [{ torch: isOn } as MediaTrackConstraintSet] });
}

/** One frame at a time: the next is taken when the last was read. Once closed, it waits for ever. */
async function scan(
  video: HTMLVideoElement,
  worker: Worker,
  onText: (text: string) => boolean,
  closed: AbortSignal,
): Promise<void> {
  for (;;) {
    await nextFrame(video);
    const texts = await textsIn(await createImageBitmap(video), worker);
    if (closed.aborted || texts.some(onText)) return;
  }
}

const FRAME_MS = 100;

function nextFrame(video: HTMLVideoElement): Promise<unknown> {
  return new Promise((resolve) => {
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(resolve);
    else setTimeout(resolve, FRAME_MS);
  });
}

function textsIn(frame: ImageBitmap, worker: Worker): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FrameMessage>) => {
      if ('texts' in data) resolve(data.texts);
      else reject(new CameraError(data.fault));
    };
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage({ frame } satisfies FrameJob, [frame]);
  });
}
