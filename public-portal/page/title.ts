import { useEffect } from 'preact/hooks';

/** Of a screen, so that it is found among many tabs; null while another one is shown. */
export function useTitle(title: string | null): void {
  useEffect(() => {
    if (title !== null) document.title = `${title} · Spondon`;
  }, [title]);
}
