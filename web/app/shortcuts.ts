// Keys for what the hand does most.

/** Calls the action of a key that is pressed alone and, but for Escape, outside of a text field. Returns a function that ends it. */
export function shortcuts(actions: Record<string, () => void>): () => void {
  const press = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.repeat) return;
    const target = e.target as HTMLElement | null;
    if (target?.closest('dialog[open]')) return;
    if (e.key !== 'Escape' && target?.closest('input, textarea, select, [contenteditable]')) return;
    const action = actions[e.key.length === 1 ? e.key.toLowerCase() : e.key];
    if (!action) return;
    e.preventDefault();
    action();
  };
  document.addEventListener('keydown', press);
  return () => document.removeEventListener('keydown', press);
}
