import '../../page/page.css';
import { render } from 'preact';
import { CameraDialog } from '../../page/camera.js';
import { readFile } from '../../read/read-file.js';
import { bn } from '../../words/bn.js';
import { en } from '../../words/en.js';

/** A page with nothing but the reading, for tests to call it as the portal does. */
export interface ReadingPage {
  readonly readFile: typeof readFile;
  /** What the camera read. */
  readonly texts: string[];
  readonly photos: File[];
}

const page: ReadingPage = { readFile, texts: [], photos: [] };
Object.assign(globalThis, page);

const words = navigator.language.startsWith('bn') ? bn : en;
document.documentElement.lang = words.language;
const place = document.getElementById('dialog');
const close = (): void => {
  if (place) render(null, place);
};
const open = (): void => {
  if (!place) return;
  render(
    <CameraDialog
      words={words}
      onText={(text) => {
        page.texts.push(text);
        const isTaken = text.includes('/v#');
        if (isTaken) close();
        return isTaken;
      }}
      onPhoto={(photo) => {
        page.photos.push(photo);
        close();
      }}
      onClose={close}
    />,
    place,
  );
};
document.querySelector('button')?.addEventListener('click', open);
