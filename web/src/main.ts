/** The page: unpacks its data, starts the model, and connects the parts. */

import "uplot/dist/uPlot.min.css";
import "./page/style.css";
import { type Container, readContainer } from "./data/container";
import { embeddedText, unpacked } from "./data/embedded";
import { firstImage } from "./image/training";
import type { Pixels } from "./image/pixels";
import { ModelClient } from "./model/client";
import { setupOf } from "./model/setup";
import { aboutDialog } from "./page/about";
import { CurvePanel } from "./page/curve_panel";
import { button, byId, element } from "./page/dom";
import { missingFeature, showFailure } from "./page/failure";
import { type Hook, hookOf } from "./page/hook";
import { listenToKeys } from "./page/keys";
import { Linked } from "./page/linked";
import { MeshView } from "./page/mesh_view";
import { Placed } from "./page/placed";
import { Predictions } from "./page/predictions";
import { Reading } from "./page/reading";
import { ShownFields } from "./page/shown_fields";
import { Takeaway } from "./page/takeaway";
import { themeButton } from "./page/theme";
import { viewKeys } from "./page/view_keys";
import { designsPanel } from "./panels/designs";
import { displayPanel } from "./panels/display";
import { ImagePanel } from "./panels/image";
import { inputsPanel } from "./panels/inputs";
import { ProbesPanel } from "./panels/probes";
import { QuantitiesPanel } from "./panels/quantities";
import { TimePanel } from "./panels/time";
import { randomDesign } from "./state/designs";
import { fromFragment, namesDesign } from "./state/fragment";
import { initialState, middle } from "./state/state";
import { Store } from "./state/store";
import { DrawnMesh } from "./view/drawn_mesh";

declare global {
  interface Window {
    explorer?: Hook;
  }
}

async function start(): Promise<void> {
  performance.mark("script");
  const missing = missingFeature();
  if (missing) throw new Error(`This browser has no ${missing}.`);
  // The runtime starts in its worker while the model's bytes still arrive.
  const [client, container] = await Promise.all([
    embeddedText("runtime").then((text) => new ModelClient(text)),
    embeddedText("twin").then(unpacked).then(readContainer),
  ]);
  performance.mark("unpacked");
  const { description } = container;
  const image = description.image ? firstImage(container) : null;
  const initial = initialState(description, image);
  const linked = await fromFragment(location.hash, container);
  if (namesDesign(location.hash) && !linked.design) {
    say("The design of this link does not fit this model: the middle of its range is shown.");
  }
  const store = new Store({ ...initial, ...linked });
  const predictions = new Predictions(store, description.dimension === 1, showFailure);
  // The model is loaded while the page is put together.
  const started = predictions.start(client, setupOf(container));
  assemble(container, store, predictions, initial, image);
  performance.mark("assembled");
  await started;
  performance.mark("model");
}

function assemble(
  container: Container,
  store: Store,
  predictions: Predictions,
  initial: ReturnType<typeof initialState>,
  image: Pixels | null,
): void {
  const { description } = container;
  const mesh = new DrawnMesh(container);
  const fields = new ShownFields(container);
  byId("study").textContent = description.study;
  byId("model").textContent = `${description.model} · ${description.training_ids.length} training runs`;
  inputsPanel(byId("inputs"), container, store);
  if (description.geometry?.note) {
    byId("inputs").append(element("p", { class: "note" }, description.geometry.note));
  }
  if (description.image) new ImagePanel(byId("image"), container, description.image, store);
  byId("image-section").hidden = !description.image;
  designsPanel(byId("designs"), container, store, image);

  const root = byId("stage");
  const view =
    description.dimension === 1
      ? new CurvePanel(root, container, mesh, fields, predictions, store)
      : new MeshView(root, container, mesh, fields, predictions, store);
  const stage = view instanceof MeshView ? view.stage : null;
  const look = stage && ((direction: Parameters<typeof stage.look>[0]) => stage.look(direction));
  displayPanel(byId("display-bar"), byId("display-more"), description, mesh, fields.scalars, store, {
    look,
    range: () => view.range,
  });
  const time = new TimePanel(
    byId("time"),
    { trained: description.times, unit: description.time_unit, continuous: description.continuous_in_time },
    store,
    () => predictions.upToDate,
  );
  const placed = new Placed(mesh, () => predictions.current);
  const probes = new ProbesPanel(byId("probes"), description, placed, store);
  const reading = new Reading(container, fields, predictions, store, probes);
  const quantities = new QuantitiesPanel(byId("quantities"), description);
  byId("quantities-section").hidden = !description.quantities.length && !description.left_out_quantities.length;
  const takeaway = new Takeaway(container, mesh, placed, fields, predictions, store, view, say);
  const about = aboutDialog(description);
  document.body.append(about);
  byId("takeaway").append(...takeaway.buttons(), themeButton(() => {
    probes.restyle();
    view.restyle();
  }), button("?", () => about.showModal(), { "aria-label": "About this page", title: "About, keys, licences" }));
  byId("probe-head").append(takeaway.probeButton());
  if (description.quantities.length) byId("quantities-head").append(takeaway.quantityButton());
  // On a narrow screen the inputs come first.
  byId("display").toggleAttribute("open", window.innerWidth > 680);
  new Linked(container, store, initial, stage);

  const toggleProbe = (point: number): void => {
    const row = mesh.rows[point];
    const { probes: present } = store.state;
    if (present.includes(row)) store.set({ probes: present.filter((each) => each !== row) });
    else store.set({ probes: [...present, row].slice(-8) });
  };
  if (stage) stage.onPick = toggleProbe;
  else if (view instanceof CurvePanel) view.view.onPick = toggleProbe;

  predictions.onShown = () => {
    view.update();
    reading.update();
    if (document.documentElement.dataset.state !== "ready") performance.mark("first");
    document.documentElement.dataset.state = "ready";
    byId("loading").hidden = true;
  };
  predictions.onStudied = () => {
    view.update();
    reading.update();
  };
  predictions.onMeasured = (part) => {
    const { design, pinned } = store.state;
    quantities.show(predictions.quantities(design), predictions.quantities(pinned), part);
  };
  window.explorer = hookOf(container, store, predictions, fields, placed);
  listenToKeys({
    ...(stage && viewKeys(stage.camera, mesh.dimension)),
    ArrowLeft: () => time.step(-1),
    ArrowRight: () => time.step(1),
    Home: () => time.step(-Infinity),
    End: () => time.step(Infinity),
    " ": () => time.toggle(),
    r: () => store.set({ design: randomDesign(container) }),
    0: () => store.set({ design: { parameters: middle(description), image } }),
    p: () => reading.togglePin(),
    f: () => stage?.look(mesh.dimension === 3 ? "iso" : "z"),
    e: () => store.set({ edges: !store.state.edges }),
    i: () => store.set({ isolines: !store.state.isolines }),
    "?": () => about.showModal(),
  });
}

let silence = 0;

/** Show a message for some seconds. */
function say(message: string): void {
  const toast = byId("toast");
  toast.textContent = message;
  toast.hidden = false;
  window.clearTimeout(silence);
  silence = window.setTimeout(() => (toast.hidden = true), 4000);
}

start().catch(showFailure);
