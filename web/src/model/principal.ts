/** Fewer deviations with nearly the same sum of squared fields; the same as in Python. */

export interface Deviations {
  /** `[count, T, r]`. */
  deviations: Float32Array;
  count: number;
}

/** Part of the off-diagonal squares at which a matrix counts as diagonal. */
const DIAGONAL = 1e-24;
const MOST_SWEEPS = 50;

/** Combine deviations to their principal axes at each time, and leave the last ones out.
 *
 * That changes no sum of squares but by what is left out. Each axis is a field to be decoded.
 *
 * @param leftOut - Largest part of the variance of all times that is left out.
 */
export function principal({ deviations, count }: Deviations, rank: number, leftOut: number): Deviations {
  // Far outside of the trained range they may be infinite: then there are no axes.
  if (count < 2 || !deviations.every(Number.isFinite)) return { deviations, count };
  const times = deviations.length / count / rank;
  const axes = Array.from({ length: times }, (_, t) => axesOf(products(deviations, count, times, rank, t), count));
  const energies = Array.from({ length: count }, (_, d) => axes.reduce((sum, { values }) => sum + Math.max(values[d], 0), 0));
  const total = energies.reduce((sum, energy) => sum + energy, 0);
  let dropped = 0;
  for (let sum = energies[0]; dropped < count - 1 && sum <= leftOut * total; sum += energies[++dropped]);
  const kept = new Float32Array((count - dropped) * times * rank);
  const row = new Float64Array(rank);
  for (let t = 0; t < times; t++) {
    for (let d = dropped; d < count; d++) {
      row.fill(0);
      axes[t].vectors[d].forEach((part, e) => {
        const from = (e * times + t) * rank;
        for (let i = 0; i < rank; i++) row[i] += part * deviations[from + i];
      });
      kept.set(row, ((d - dropped) * times + t) * rank);
    }
  }
  return { deviations: kept, count: count - dropped };
}

/** Return the products of the deviations at a time, `[D][D]`. */
function products(deviations: Float32Array, count: number, times: number, rank: number, t: number): number[][] {
  const found = Array.from({ length: count }, () => new Array<number>(count).fill(0));
  for (let a = 0; a < count; a++) {
    for (let b = 0; b <= a; b++) {
      const [one, other] = [(a * times + t) * rank, (b * times + t) * rank];
      let sum = 0;
      for (let i = 0; i < rank; i++) sum += deviations[one + i] * deviations[other + i];
      found[a][b] = found[b][a] = sum;
    }
  }
  return found;
}

/** Return eigenvalues, the least first, and eigenvectors of a symmetric matrix, which is overwritten.
 *
 * Jacobi's method (Golub and Van Loan, Matrix Computations, section 8.5).
 */
function axesOf(matrix: number[][], count: number): { values: number[]; vectors: number[][] } {
  const vectors = matrix.map((_, i) => matrix.map((__, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let [diagonal, rest] = [0, 0];
    matrix.forEach((row, i) => row.forEach((value, j) => (i === j ? (diagonal += value ** 2) : (rest += value ** 2))));
    if (rest <= DIAGONAL * diagonal) break;
    for (let p = 0; p < count; p++) {
      for (let q = p + 1; q < count; q++) rotate(matrix, vectors, p, q);
    }
  }
  const order = vectors.map((_, i) => i).sort((a, b) => matrix[a][a] - matrix[b][b]);
  return { values: order.map((i) => matrix[i][i]), vectors: order.map((i) => vectors[i]) };
}

/** Make an entry off the diagonal zero by a rotation of two axes. */
function rotate(matrix: number[][], vectors: number[][], p: number, q: number): void {
  if (matrix[p][q] === 0) return;
  const half = (matrix[q][q] - matrix[p][p]) / (2 * matrix[p][q]);
  const tangent = (half >= 0 ? 1 : -1) / (Math.abs(half) + Math.hypot(1, half));
  const cosine = 1 / Math.hypot(1, tangent);
  const sine = tangent * cosine;
  const turn = (one: number[], other: number[]): void => {
    for (let i = 0; i < one.length; i++) {
      [one[i], other[i]] = [cosine * one[i] - sine * other[i], sine * one[i] + cosine * other[i]];
    }
  };
  for (const row of matrix) [row[p], row[q]] = [cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]];
  turn(matrix[p], matrix[q]);
  turn(vectors[p], vectors[q]);
}
