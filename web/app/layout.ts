// Where the tiles go.

/** A place in CSS pixels, from the top left corner of the stage. */
export interface Rect {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The layout: one place per tile, the focused ones first. Tiles for which there is no room have none. */
export interface Layout {
  rects: (Rect | undefined)[];
  hidden: number;
}

const widest = 16 / 9;
const narrowest = 4 / 5;
const smallest = { width: 132, height: 96 };
const gap = 8;

/** Lays out tiles on a stage. The first focused tiles (a shared screen, somebody pinned) are large, the others stand in
 * a strip beside or below them; without any, all are equal. */
export function layout(tiles: number, focused: number, width: number, height: number): Layout {
  if (tiles === 0 || width <= 0 || height <= 0) return { rects: [], hidden: 0 };
  if (focused === 0 || tiles === focused) return grid(tiles, { left: 0, top: 0, width, height }, focused > 0);
  const beside = width > height * 1.15;
  const strip = beside ? Math.min(260, Math.max(smallest.width, width * 0.2)) : Math.min(150, Math.max(smallest.height, height * 0.2));
  const main: Rect = beside
    ? { left: 0, top: 0, width: width - strip - gap, height }
    : { left: 0, top: 0, width, height: height - strip - gap };
  const rest: Rect = beside
    ? { left: width - strip, top: 0, width: strip, height }
    : { left: 0, top: height - strip, width, height: strip };
  const large = grid(focused, main, true);
  const small = row(tiles - focused, rest, beside);
  return { rects: [...large.rects, ...small.rects], hidden: large.hidden + small.hidden };
}

/** Equal tiles in rows, as large as they can be; free lets them take any shape. */
function grid(n: number, area: Rect, free: boolean): Layout {
  let shown = n;
  let best = fit(shown, area, free);
  while (shown > 1 && (best.width < smallest.width || best.height < smallest.height)) best = fit(--shown, area, free);
  const rows = Math.ceil(shown / best.columns);
  const top = area.top + (area.height - rows * best.height - (rows - 1) * gap) / 2;
  const rects = Array.from({ length: n }, (_, i) => {
    if (i >= shown) return undefined;
    const r = Math.floor(i / best.columns);
    const inRow = Math.min(best.columns, shown - r * best.columns);
    const left = area.left + (area.width - inRow * best.width - (inRow - 1) * gap) / 2;
    return round({
      left: left + (i % best.columns) * (best.width + gap),
      top: top + r * (best.height + gap),
      width: best.width,
      height: best.height,
    });
  });
  return { rects, hidden: n - shown };
}

/** The number of columns that makes the tiles largest. */
function fit(n: number, area: Rect, free: boolean): { columns: number; width: number; height: number } {
  let best = { columns: 1, width: 0, height: 0 };
  for (let columns = 1; columns <= n; columns++) {
    const rows = Math.ceil(n / columns);
    let width = (area.width - (columns - 1) * gap) / columns;
    let height = (area.height - (rows - 1) * gap) / rows;
    if (!free) {
      width = Math.min(width, height * widest);
      height = Math.min(height, width / narrowest);
    }
    if (width * height > best.width * best.height) best = { columns, width, height };
  }
  return best;
}

/** One row or column of equal tiles, centred, as many as there is room for. */
function row(n: number, area: Rect, vertical: boolean): Layout {
  const across = vertical ? area.width : area.height;
  const along = vertical ? area.height : area.width;
  const length = vertical ? across / (4 / 3) : across * (4 / 3);
  const shown = Math.max(1, Math.min(n, Math.floor((along + gap) / (length + gap))));
  const start = (along - shown * length - (shown - 1) * gap) / 2;
  const rects = Array.from({ length: n }, (_, i) => {
    if (i >= shown) return undefined;
    const at = start + i * (length + gap);
    return round(
      vertical
        ? { left: area.left, top: area.top + at, width: across, height: length }
        : { left: area.left + at, top: area.top, width: length, height: across },
    );
  });
  return { rects, hidden: n - shown };
}

function round(r: Rect): Rect {
  return { left: Math.round(r.left), top: Math.round(r.top), width: Math.floor(r.width), height: Math.floor(r.height) };
}
