// Whether anybody can look at the page.

/** How long a page may be hidden before its pictures are given up: a glance at another tab costs nothing. */
const afterMs = 10_000;

/** Calls changed with true when the page has been hidden for a while, and with false when it is seen again. A picture in
 * picture is seen although its page is hidden. Returns a function that ends it. */
export function watchHidden(changed: (hidden: boolean) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let hidden = false;
  const set = (value: boolean) => {
    if (value && document.pictureInPictureElement) return;
    if (value === hidden) return;
    hidden = value;
    changed(value);
  };
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => set(true), afterMs);
    else set(false);
  };
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', look);
  };
}
