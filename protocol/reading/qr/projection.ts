/** A place in a picture, in pixels: the middle of the first pixel is 0.5, 0.5. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A place in a code, in modules: the middle of the first module is 0.5, 0.5. */
export interface Place {
  readonly column: number;
  readonly row: number;
}

/** Where in the picture a place of the code is. */
export type Locate = (column: number, row: number) => Point;

/** A place that was found. */
export type Pin = Place & Point;

type Quad = readonly [Point, Point, Point, Point];
type Matrix = readonly [number, number, number, number, number, number, number, number, number];

/** How a camera sees a flat code of which four places, no three of them in a line, are where the pins are. */
export function projectionThrough(pins: readonly [Pin, Pin, Pin, Pin]): Locate {
  const [a, b, c, d] = pins;
  const place = ({ column, row }: Pin): Point => ({ x: column, y: row });
  const [m11, m12, m13, m21, m22, m23, m31, m32, m33] = product(
    squareToQuad([a, b, c, d]),
    adjugate(squareToQuad([place(a), place(b), place(c), place(d)])),
  );
  return (column, row) => {
    const w = m31 * column + m32 * row + m33;
    return { x: (m11 * column + m12 * row + m13) / w, y: (m21 * column + m22 * row + m23) / w };
  };
}

/** The projective map of the unit square onto a quad (Heckbert 1989, section 2.2.3). */
function squareToQuad([a, b, c, d]: Quad): Matrix {
  const [sumX, sumY] = [a.x - b.x + c.x - d.x, a.y - b.y + c.y - d.y];
  const [x1, y1, x2, y2] = [b.x - c.x, b.y - c.y, d.x - c.x, d.y - c.y];
  const determinant = x1 * y2 - x2 * y1;
  const g = (sumX * y2 - x2 * sumY) / determinant;
  const h = (x1 * sumY - sumX * y1) / determinant;
  return [
    b.x - a.x + g * b.x,
    d.x - a.x + h * d.x,
    a.x,
    b.y - a.y + g * b.y,
    d.y - a.y + h * d.y,
    a.y,
    g,
    h,
    1,
  ];
}

/** The inverse up to a factor, which a projective map does not notice. */
function adjugate([a, b, c, d, e, f, g, h, i]: Matrix): Matrix {
  return [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ];
}

function product(p: Matrix, q: Matrix): Matrix {
  const at = (row: number, column: number) =>
    (p[3 * row] ?? 0) * (q[column] ?? 0) +
    (p[3 * row + 1] ?? 0) * (q[3 + column] ?? 0) +
    (p[3 * row + 2] ?? 0) * (q[6 + column] ?? 0);
  return [at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2), at(2, 0), at(2, 1), at(2, 2)];
}

/** Moved, everywhere, as the pins near by show that it is off: paper is not flat. */
export function bentThrough(flat: Locate, pins: readonly Pin[]): Locate {
  if (pins.length === 0) return flat;
  const shifts = pins.map(({ column, row, x, y }) => {
    const expected = flat(column, row);
    return { column, row, dx: x - expected.x, dy: y - expected.y };
  });
  return (column, row) => {
    const { x, y } = flat(column, row);
    let [sum, dx, dy] = [0, 0, 0];
    for (const shift of shifts) {
      const weight = 1 / ((shift.column - column) ** 2 + (shift.row - row) ** 2 + 4) ** 2;
      sum += weight;
      dx += weight * shift.dx;
      dy += weight * shift.dy;
    }
    return { x: x + dx / sum, y: y + dy / sum };
  };
}
