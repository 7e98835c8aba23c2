/** The image of a design: dropped, chosen among the training images, or drawn on the spot. */

import type { Container } from "../data/container";
import type { ImageFormat } from "../data/description";
import { drawDisc } from "../image/brush";
import { UnusableImage } from "../image/decode";
import { likePixels, type Pixels, toRgba, whiteOf } from "../image/pixels";
import { readImage } from "../image/read";
import { firstImage, runsWithImage, trainingImage } from "../image/training";
import { button, element } from "../page/dom";
import type { Store } from "../state/store";

export class ImagePanel {
  private readonly canvas: HTMLCanvasElement;
  private readonly message = element("p", { class: "note", role: "status" });
  private readonly size = element("input", { type: "range", min: 1, max: 20, value: 5, "aria-label": "Brush size" });
  private readonly colour: HTMLInputElement;
  private readonly sample: Pixels;

  constructor(
    root: HTMLElement,
    private readonly container: Container,
    private readonly format: ImageFormat,
    private readonly store: Store,
  ) {
    this.sample = firstImage(container);
    this.canvas = element("canvas", {
      width: format.size,
      height: format.size,
      class: "image-canvas",
      role: "img",
      "aria-label": "Image of the design; draw on it with the pointer",
    });
    this.colour =
      format.channels === 1
        ? element("input", { type: "range", min: 0, max: 255, value: 255, "aria-label": "Brush brightness" })
        : element("input", { type: "color", value: "#ffffff", "aria-label": "Brush colour" });
    root.append(this.canvas, this.tools(), this.message, this.thumbnails());
    this.listenToPointer();
    this.listenToDrops(root);
    store.subscribe(({ design }, changed) => {
      if (changed.has("design") && design.image) this.paint(this.canvas, design.image);
    });
  }

  private get pixels(): Pixels {
    return this.store.state.design.image ?? this.sample;
  }

  private set(data: Pixels["data"], training: number | null = null): void {
    this.message.textContent = "";
    const { design } = this.store.state;
    this.store.set({ design: { ...design, image: { data, training } } });
  }

  private paint(canvas: HTMLCanvasElement, { data }: Pixels): void {
    const { size, channels } = this.format;
    canvas.getContext("2d")?.putImageData(new ImageData(toRgba(data, size, channels), size, size), 0, 0);
  }

  private tools(): HTMLElement {
    const file = element("input", { type: "file", accept: "image/*", hidden: true });
    file.addEventListener("change", () => {
      const [chosen] = file.files ?? [];
      if (chosen) void this.read(chosen);
      file.value = "";
    });
    const { data } = this.sample;
    const filled = (): Pixels["data"] => {
      const colour = this.brush();
      return likePixels(data, Float64Array.from(data, (_, i) => colour[i % colour.length]));
    };
    const inverted = (): Pixels["data"] => {
      const white = whiteOf(data);
      return likePixels(data, Float64Array.from(this.pixels.data, (value) => white - value));
    };
    return element(
      "div",
      { class: "image-tools" },
      element("label", {}, element("span", {}, "Brush"), this.size),
      element("label", {}, element("span", {}, this.format.channels === 1 ? "Black … white" : "Colour"), this.colour),
      element(
        "div",
        { class: "buttons" },
        button("Fill", () => this.set(filled()), { title: "Fill the image with the brush's colour" }),
        button("Invert", () => this.set(inverted())),
        button("Open …", () => file.click(), { title: "Open an image file; it can also be dropped here" }),
        file,
      ),
    );
  }

  private thumbnails(): HTMLElement {
    const strip = element("div", { class: "thumbnails", role: "group", "aria-label": "Training images" });
    for (const run of runsWithImage(this.container)) {
      const image = trainingImage(this.container, run) ?? this.sample;
      const { size } = this.format;
      const small = element("canvas", { width: size, height: size });
      this.paint(small, image);
      const id = this.container.description.training_ids[run];
      const chosen = button("", () => this.set(image.data, run), {
        "aria-label": `Training image ${id}`,
        title: id,
      });
      chosen.append(small);
      strip.append(chosen);
    }
    return strip;
  }

  /** Return the brush's colour in the type of the images. */
  private brush(): number[] {
    const { value } = this.colour;
    const bytes =
      this.format.channels === 1
        ? [Number(value)]
        : [1, 3, 5].map((at) => Number.parseInt(value.slice(at, at + 2), 16));
    const white = whiteOf(this.sample.data);
    return bytes.map((byte) => (byte / 255) * white);
  }

  private listenToPointer(): void {
    let last: { x: number; y: number } | null = null;
    const draw = (event: PointerEvent): void => {
      const box = this.canvas.getBoundingClientRect();
      const { size, channels } = this.format;
      const x = ((event.clientX - box.left) / box.width) * size;
      const y = ((event.clientY - box.top) / box.height) * size;
      const values = Float64Array.from(this.pixels.data);
      const radius = (Number(this.size.value) / 100) * size;
      const from = last ?? { x, y };
      const steps = Math.max(Math.ceil(Math.hypot(x - from.x, y - from.y) / Math.max(radius / 2, 0.5)), 1);
      for (let i = 1; i <= steps; i++) {
        const at = { x: from.x + ((x - from.x) * i) / steps, y: from.y + ((y - from.y) * i) / steps };
        drawDisc(values, size, channels, at, radius, this.brush());
      }
      last = { x, y };
      this.set(likePixels(this.sample.data, values));
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.canvas.setPointerCapture(event.pointerId);
      last = null;
      draw(event);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (this.canvas.hasPointerCapture(event.pointerId)) draw(event);
    });
  }

  private listenToDrops(root: HTMLElement): void {
    root.addEventListener("dragover", (event) => {
      event.preventDefault();
      root.classList.add("is-dropping");
    });
    root.addEventListener("dragleave", () => root.classList.remove("is-dropping"));
    root.addEventListener("drop", (event) => {
      event.preventDefault();
      root.classList.remove("is-dropping");
      const [file] = event.dataTransfer?.files ?? [];
      if (file) void this.read(file);
    });
  }

  private async read(file: File): Promise<void> {
    try {
      const { data, note } = await readImage(file, this.format);
      this.set(data);
      this.message.textContent = note;
    } catch (error) {
      this.message.textContent =
        error instanceof UnusableImage ? error.message : "This file is not an image that the page can read.";
    }
  }
}
