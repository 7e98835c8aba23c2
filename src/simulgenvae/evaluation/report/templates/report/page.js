"use strict";
// Values at the pointer: each image has panels with the positions of its points, see
// evaluation/figures/hover.py. Text from data is only ever set as text.
for (const box of document.querySelectorAll("[data-hover]")) {
  const panels = JSON.parse(box.dataset.hover);
  const tip = box.appendChild(document.createElement("div"));
  const line = box.appendChild(document.createElement("i"));
  tip.className = "tip";
  const hide = () => { tip.hidden = line.hidden = true; };
  const nearest = (xs, ys, x, y, width, height) => {
    let best = -1, least = Infinity;
    xs.forEach((px, k) => {
      const distance = Math.hypot((px - x) * width, ys ? (ys[k] - y) * height : 0);
      if (distance < least) { least = distance; best = k; }
    });
    return [best, least / 10000];
  };
  const show = (event) => {
    const area = box.querySelector("img").getBoundingClientRect();
    const x = 10000 * (event.clientX - area.left) / area.width;
    const y = 10000 * (event.clientY - area.top) / area.height;
    const panel = panels.find(({box: [l, t, r, b]}) => x >= l - 150 && x <= r + 150 && y >= t - 150 && y <= b + 150);
    if (!panel) return hide();
    let text, at;
    if (panel.x_texts.length) {
      const [k] = nearest(panel.series[0].x, null, x, y, area.width, area.height);
      text = [(panel.x_label ? panel.x_label + ": " : "") + panel.x_texts[k]];
      for (const each of panel.series) text.push(each.label + ": " + each.texts[k]);
      at = panel.series[0].x[k];
    } else {
      let least = 30;
      for (const each of panel.series) {
        const [k, distance] = nearest(each.x, each.y, x, y, area.width, area.height);
        if (distance < least) { least = distance; text = [each.texts[k]]; at = each.x[k]; }
      }
      if (!text) return hide();
    }
    tip.textContent = text.join("\n");
    tip.hidden = line.hidden = false;
    line.style.left = at / 100 + "%";
    line.style.top = panel.box[1] / 100 + "%";
    line.style.height = (panel.box[3] - panel.box[1]) / 100 + "%";
    const right = at > 5000;
    tip.style.left = right ? "" : "calc(" + at / 100 + "% + 10px)";
    tip.style.right = right ? "calc(" + (100 - at / 100) + "% + 10px)" : "";
    tip.style.top = Math.max(0, Math.min(y / 100, 70)) + "%";
  };
  hide();
  box.addEventListener("pointermove", show);
  box.addEventListener("pointerdown", show);
  box.addEventListener("pointerleave", hide);
}
// A slider over images, such as those of a film.
for (const film of document.querySelectorAll(".film")) {
  const images = film.querySelectorAll("img");
  const slider = film.querySelector("input");
  const button = film.querySelector("button");
  let timer = 0;
  const choose = () => images.forEach((image, k) => { image.hidden = k !== slider.valueAsNumber; });
  const stop = () => { clearInterval(timer); timer = 0; button.textContent = "Play"; };
  slider.addEventListener("input", () => { stop(); choose(); });
  button.addEventListener("click", () => {
    if (timer) return stop();
    button.textContent = "Stop";
    timer = setInterval(() => {
      slider.value = (slider.valueAsNumber + 1) % images.length;
      choose();
    }, 150);
  });
  film.querySelector(".controls").hidden = false;
}
// A link into a folded part opens it.
const open = () => {
  const target = document.getElementById(location.hash.slice(1));
  const folded = target && target.closest("details");
  if (folded) folded.open = true;
};
addEventListener("hashchange", open);
open();
