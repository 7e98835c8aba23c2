/** The directions of the axes, in a corner of a 3-D view. */

import { type OrthographicCamera, Vector3 } from "three";

const NAMESPACE = "http://www.w3.org/2000/svg";
const LENGTH = 24;
const COLOURS = ["#d55e00", "#009e73", "#0072b2"];

export class Orientation {
  readonly root = document.createElementNS(NAMESPACE, "svg");
  private readonly lines: SVGLineElement[] = [];
  private readonly names: SVGTextElement[] = [];

  constructor() {
    this.root.setAttribute("class", "orientation");
    this.root.setAttribute("viewBox", "-36 -36 72 72");
    this.root.setAttribute("aria-hidden", "true");
    COLOURS.forEach((colour, axis) => {
      const line = document.createElementNS(NAMESPACE, "line");
      line.setAttribute("stroke", colour);
      const name = document.createElementNS(NAMESPACE, "text");
      name.textContent = "xyz"[axis];
      name.setAttribute("fill", colour);
      this.root.append(line, name);
      this.lines.push(line);
      this.names.push(name);
    });
  }

  show(camera: OrthographicCamera): void {
    [new Vector3(1, 0, 0), new Vector3(0, 1, 0), new Vector3(0, 0, 1)].forEach((axis, i) => {
      const seen = axis.transformDirection(camera.matrixWorldInverse);
      this.lines[i].setAttribute("x2", String(LENGTH * seen.x));
      this.lines[i].setAttribute("y2", String(-LENGTH * seen.y));
      this.names[i].setAttribute("x", String((LENGTH + 7) * seen.x));
      this.names[i].setAttribute("y", String(-(LENGTH + 7) * seen.y));
    });
  }
}
