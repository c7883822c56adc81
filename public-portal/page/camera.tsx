import './camera.css';
import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Camera, CameraError, type CameraFault, openCamera } from '../read/camera.js';
import { digitsOf, fill, type Words } from '../words/words.js';
import { FileButton } from './file-button.js';

interface CameraDialogProps {
  readonly words: Words;
  /** Told of each text that is read, again and again while it is in sight; true takes it, and the camera stops. */
  readonly onText: (text: string) => boolean;
  /** A photograph instead: where there is no live camera, or it does not manage. */
  readonly onPhoto: (photo: File) => void;
  readonly onClose: () => void;
}

/** A live camera with a frame to aim by. It is on for as long as this is shown, or until a text is taken. */
export function CameraDialog({ words, onText, onPhoto, onClose }: CameraDialogProps) {
  const say = words.camera;
  const dialog = useRef<HTMLDialogElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [deviceId, choose] = useState<string | null>(null);
  const [sawOther, setSawOther] = useState(false);
  const take = (text: string): boolean => {
    const isTaken = onText(text);
    setSawOther(!isTaken);
    return isTaken;
  };
  const state = useCamera(video, deviceId, take);
  useModal(dialog, onClose);

  return (
    <dialog class="camera" ref={dialog} aria-labelledby="camera-title">
      <header>
        <h2 id="camera-title">{say.title}</h2>
        <button type="button" class="plain" onClick={onClose}>
          {say.close}
        </button>
      </header>
      <div class="sight" hidden={state.at === 'fault'}>
        <video ref={video} muted playsInline aria-label={say.sight} />
        <AimingFrame />
      </div>
      {state.at === 'fault' ? (
        <p class="alarm" role="alert">
          {say.faults[state.fault]}
        </p>
      ) : (
        <p role="status">{state.at === 'opening' ? say.opening : sawOther ? say.other : say.hint}</p>
      )}
      <div class="actions">
        {state.at === 'scanning' && (
          <>
            <LightButton label={say.light} setTorch={state.camera.setTorch} />
            <CameraChoice words={words} camera={state.camera} onChoose={choose} />
          </>
        )}
        <FileButton
          label={say.photo}
          accept="image/*"
          capture="environment"
          class="plain"
          onFiles={([photo]) => photo && onPhoto(photo)}
        />
      </div>
    </dialog>
  );
}

type State =
  | { readonly at: 'opening' }
  | { readonly at: 'scanning'; readonly camera: Camera }
  | { readonly at: 'fault'; readonly fault: CameraFault };

/** Opens the camera, and another one when another is chosen. */
function useCamera(
  video: RefObject<HTMLVideoElement | null>,
  deviceId: string | null,
  onText: (text: string) => boolean,
): State {
  const [state, setState] = useState<State>({ at: 'opening' });
  const latestOnText = useRef(onText);
  latestOnText.current = onText;
  useEffect(() => {
    if (!video.current) return undefined;
    const closing = new AbortController();
    const onFault = (error: unknown): void => {
      if (closing.signal.aborted) return;
      if (!(error instanceof CameraError)) console.error(error);
      setState({ at: 'fault', fault: error instanceof CameraError ? error.code : 'unsupported' });
    };
    setState({ at: 'opening' });
    openCamera({
      video: video.current,
      deviceId,
      onText: (text) => latestOnText.current(text),
      onFault,
      signal: closing.signal,
    }).then((camera) => closing.signal.aborted || setState({ at: 'scanning', camera }), onFault);
    return () => closing.abort();
  }, [deviceId]);
  return state;
}

/** The rest of the page waits; the Escape key closes; at the end the focus is back where it was. */
function useModal(dialog: RefObject<HTMLDialogElement | null>, onClose: () => void): void {
  useEffect(() => {
    const shown = dialog.current;
    const before = document.activeElement;
    shown?.showModal();
    // In a frame as high as what it shows, the middle may be far out of sight.
    if (shown && before && window !== window.parent) {
      shown.style.marginTop = `${Math.max(0, before.getBoundingClientRect().top - shown.clientHeight / 2)}px`;
    }
    shown?.addEventListener('close', onClose);
    return () => {
      shown?.removeEventListener('close', onClose);
      // A dialog that is taken out of the page does not see to this.
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
}

/** Decoration: the whole picture is searched. */
function AimingFrame() {
  return (
    <svg class="aim" viewBox="0 0 100 100" aria-hidden="true">
      <path
        class="outside"
        d="M-2000-2000h4100v4100h-4100zM18 10h64a8 8 0 0 1 8 8v64a8 8 0 0 1-8 8H18a8 8 0 0 1-8-8V18a8 8 0 0 1 8-8z"
      />
      <path
        class="corners"
        d="M10 30V18a8 8 0 0 1 8-8h12M70 10h12a8 8 0 0 1 8 8v12M90 70v12a8 8 0 0 1-8 8H70M30 90H18a8 8 0 0 1-8-8V70"
      />
    </svg>
  );
}

function LightButton({ label, setTorch }: { label: string; setTorch: Camera['setTorch'] }) {
  const [isOn, setOn] = useState(false);
  if (!setTorch) return null;
  const turn = (): void =>
    void setTorch(!isOn).then(
      () => setOn(!isOn),
      () => setOn(false),
    );
  return (
    <button type="button" class="plain" aria-pressed={isOn} onClick={turn}>
      {label}
    </button>
  );
}

interface CameraChoiceProps {
  readonly words: Words;
  readonly camera: Camera;
  readonly onChoose: (deviceId: string) => void;
}

function CameraChoice({ words, camera: { choices, deviceId }, onChoose }: CameraChoiceProps) {
  if (choices.length < 2) return null;
  const nameOf = (label: string, index: number): string =>
    label === '' ? fill(words.camera.unnamed, { number: digitsOf(String(index + 1), words) }) : label;
  return (
    <label class="which">
      {words.camera.which}
      <select value={deviceId} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        {choices.map((choice, index) => (
          <option key={choice.deviceId} value={choice.deviceId}>
            {nameOf(choice.label, index)}
          </option>
        ))}
      </select>
    </label>
  );
}
