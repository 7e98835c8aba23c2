/** The panes as an image file, with titles and colour bars. */

import { colours } from "../view/colour_maps";
import { type BarContent, barText } from "../view/colour_bar";

export interface PictureText {
  /** First line. */
  title: string;
  /** Second line. */
  subtitle: string;
}

export interface PictureTheme {
  paper: string;
  ink: string;
  font: string;
}

export interface PicturePane {
  /** Place in the canvas, in pixels of the page. */
  left: number;
  top: number;
  width: number;
  height: number;
  title: string;
  bar: BarContent;
}

const HEAD = 56;

/** Return a PNG file of a canvas that has just been drawn. */
export function picture(
  source: HTMLCanvasElement,
  text: PictureText,
  panes: PicturePane[],
  theme: PictureTheme,
): Promise<Blob> {
  const scale = source.width / source.clientWidth;
  const canvas = document.createElement("canvas");
  canvas.width = source.width;
  canvas.height = source.height + HEAD * scale;
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.fillStyle = theme.paper;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, HEAD * scale);
  context.scale(scale, scale);
  context.fillStyle = theme.ink;
  context.font = `600 16px ${theme.font}`;
  context.fillText(text.title, 14, 24, source.clientWidth - 28);
  context.font = `13px ${theme.font}`;
  context.fillText(text.subtitle, 14, 44, source.clientWidth - 28);
  for (const pane of panes) drawPane(context, { ...pane, top: pane.top + HEAD }, theme);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png");
  });
}

function drawPane(
  context: CanvasRenderingContext2D,
  { left, top, width, height, title, bar }: PicturePane,
  { ink, font }: PictureTheme,
): void {
  context.fillStyle = ink;
  context.font = `600 13px ${font}`;
  context.fillText(title, left + 12, top + 20);
  const length = Math.min(220, height - 90);
  const x = left + width - 96;
  const y = top + 44;
  const table = colours(bar.map, length);
  for (let i = 0; i < length; i++) {
    const at = 4 * (length - 1 - i);
    context.fillStyle = `rgb(${table[at]}, ${table[at + 1]}, ${table[at + 2]})`;
    context.fillRect(x, y + i, 14, 1.5);
  }
  context.fillStyle = ink;
  context.font = `12px ${font}`;
  context.textAlign = "right";
  const { title: name, ticks } = barText(bar);
  context.fillText(name, left + width - 14, top + 32, width - 28);
  context.textAlign = "left";
  for (const { at, text } of ticks) context.fillText(text, x + 20, y + (1 - at) * length + 4);
}
