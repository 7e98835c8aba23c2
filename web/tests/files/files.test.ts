import { describe, expect, it } from "vitest";
import { csv } from "../../src/files/csv";
import { fileName } from "../../src/files/download";
import { drawnCells } from "../../src/files/grid_cells";
import { vtu } from "../../src/files/vtu";

describe("tables", () => {
  it("quote texts and leave unknown numbers empty", () => {
    expect(csv([["a,b", 'say "x"', 1.5, NaN, null]])).toBe('"a,b","say ""x""",1.5,,\n');
    expect(csv([[-Infinity, Infinity]])).toBe("-inf,inf\n");
  });

  it("hold no formulas of spreadsheets", () => expect(csv([["=1+1", -2]])).toBe("'=1+1,-2\n"));
});

it.each([
  ["../Wärme <b>", "Warme_b"],
  ["\u202e", "field"],
])("%j is saved as %j", (text, name) => expect(fileName(text)).toBe(name));

describe("grids", () => {
  const grid = {
    points: new Float32Array(9),
    cells: drawnCells({ triangles: Uint32Array.of(0, 1, 2), lines: Uint32Array.of(0, 1) }, 3),
    fields: [{ name: '<&">', values: new Float32Array(3), components: 1 }],
    about: [{ name: "TimeValue", value: 2 }],
  };

  it("have escaped names and the number of cells", () => {
    const text = vtu(grid);
    expect(text).toContain('Name="&lt;&amp;&quot;&gt;"');
    expect(text).toContain('NumberOfPoints="3" NumberOfCells="2"');
  });

  it("of points only are vertices", () => {
    const cells = drawnCells({ triangles: new Uint32Array(0), lines: new Uint32Array(0) }, 3);
    expect(vtu({ ...grid, cells })).toContain('NumberOfCells="3"');
  });

  it("have lines before triangles, and the ends of their nodes", () => {
    expect(grid.cells).toEqual({
      types: Uint8Array.of(3, 5),
      offsets: Int32Array.of(2, 5),
      connectivity: Int32Array.of(0, 1, 0, 1, 2),
    });
  });
});
