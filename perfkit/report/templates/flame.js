// The flame view: an icicle on a canvas, root on top. Click or Enter zooms, arrow keys move, Escape resets, search highlights.
(() => {
  "use strict";
  const ROW = 20;
  const MILLION = 1e6;
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const percent = (share) => (share >= 0.1 ? `${Math.round(share * 100)} %` : `${Number((share * 100).toPrecision(2))} %`);

  // Frames of one file share a tone: neighbours of different files can be told apart without more colours.
  const toneOf = (place) => {
    const file = place.replace(/:\d+$/, "");
    let hash = 7;
    for (const letter of file) hash = (hash * 31 + letter.codePointAt(0)) % 9973;
    return 0.8 + 0.2 * ((hash % 5) / 4);
  };

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);

  // Columns in reading order become nodes with parent, children and a left edge, all as shares of the root.
  const grow = (data) => {
    const nodes = data.depth.map((depth, index) => ({
      index, depth, own: data.own[index] === 1, width: data.width[index] / MILLION, left: 0, parent: null, children: [],
      name: data.texts[data.name[index]], place: data.texts[data.place[index]], value: data.texts[data.value[index]], tone: toneOf(data.texts[data.place[index]]), change: data.tone ? data.tone[index] : null,
    }));
    const path = [];
    nodes.forEach((node) => {
      path.length = node.depth;
      node.parent = path[node.depth - 1] || null;
      if (node.parent) node.parent.children.push(node);
      path.push(node);
    });
    nodes.forEach((node) => {
      // Rounding and sampling can make children wider than their parent: they share what there is.
      const sum = node.children.reduce((total, child) => total + child.width, 0);
      const factor = sum > node.width ? node.width / sum : 1;
      let left = node.left;
      node.children.forEach((child) => { child.left = left; child.width *= factor; left += child.width; });
    });
    return nodes;
  };

  class View {
    constructor(panel, figure) {
      this.panel = panel;
      this.figure = figure;
      this.canvas = panel.querySelector("canvas");
      this.status = panel.querySelector(".frame");
      this.nodes = grow(JSON.parse(panel.querySelector("script").textContent));
      this.root = this.zoomed = this.focus = this.nodes[0];
      this.hits = new Set();
      this.depth = this.nodes.reduce((most, node) => Math.max(most, node.depth), 0) + 1;
      this.canvas.addEventListener("mousemove", (event) => this.hover(event));
      this.canvas.addEventListener("mouseleave", () => { tip.hidden = true; });
      this.canvas.addEventListener("click", (event) => { const node = this.at(event); if (node) this.zoom(node); });
      this.canvas.addEventListener("keydown", (event) => this.key(event));
      this.canvas.addEventListener("focus", () => this.draw());
      this.canvas.addEventListener("blur", () => this.draw());
      new ResizeObserver(() => this.draw()).observe(this.canvas.parentElement);
      this.draw();
      panel.dataset.state = "drawn";
    }

    isAncestor(node) {
      for (let one = this.zoomed.parent; one; one = one.parent) if (one === node) return true;
      return false;
    }

    // Pixel edges of a node in the present zoom; ancestors of the zoomed node span everything.
    edges(node, width) {
      if (this.isAncestor(node)) return [0, width];
      const factor = width / this.zoomed.width;
      return [Math.max(0, (node.left - this.zoomed.left) * factor), Math.min(width, (node.left + node.width - this.zoomed.left) * factor)];
    }

    draw() {
      const width = this.canvas.parentElement.clientWidth;
      if (!width || this.panel.hidden) return;
      const height = this.depth * ROW;
      const ratio = window.devicePixelRatio || 1;
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.canvas.style.height = `${height}px`;
      const context = this.canvas.getContext("2d");
      context.scale(ratio, ratio);
      context.font = `11.5px ${css("--mono")}`;
      context.textBaseline = "middle";
      const looks = Object.fromEntries(["own", "own-ink", "library", "library-ink", "shade", "hit", "hit-ink", "ink", "soft", "card", "slower", "faster"].map((name) => [name, css(`--${name}`)]));
      const letter = context.measureText("m").width;
      const searching = this.hits.size > 0 || this.nothing;
      this.drawn = [];
      this.nodes.forEach((node) => {
        const [left, right] = this.edges(node, width);
        if (right - left < 0.6) return;
        this.drawn.push({ node, left, right });
        const look = this.look(node, looks, searching);
        context.globalAlpha = this.isAncestor(node) ? 0.5 : look.alpha;
        context.fillStyle = look.fill;
        const box = [left + 0.5, node.depth * ROW + 0.5, Math.max(0.5, right - left - 1), ROW - 1];
        context.fillRect(...box);
        context.globalAlpha = 1;
        if (node === this.focus && document.activeElement === this.canvas) {
          context.strokeStyle = looks.ink;
          context.lineWidth = 2;
          context.strokeRect(box[0] + 1, box[1] + 1, Math.max(0, box[2] - 2), box[3] - 2);
        }
        const room = Math.floor((right - left - 8) / letter);
        if (room < 3) return;
        context.fillStyle = look.ink;
        // Colour is never the only sign.
        const name = `${node.change > 0 ? "▲ " : node.change < 0 ? "▼ " : ""}${node.name}`;
        context.fillText(name.length > room ? `${name.slice(0, room - 1)}…` : name, left + 4, node.depth * ROW + ROW / 2 + 1);
      });
    }

    look(node, looks, searching) {
      if (searching && this.hits.has(node)) return { fill: looks.hit, ink: looks["hit-ink"], alpha: 1 };
      if (searching || node.name === "…") return { fill: looks.shade, ink: looks.soft, alpha: 1 };
      if (node.change) {
        // A pale colour needs dark letters.
        const strength = Math.abs(node.change) / 100;
        return { fill: node.change > 0 ? looks.slower : looks.faster, ink: strength > 0.6 ? "#ffffff" : looks.ink, alpha: strength };
      }
      if (node.change === 0) return { fill: looks.library, ink: looks["library-ink"], alpha: 1 };
      return node.own ? { fill: looks.own, ink: looks["own-ink"], alpha: node.tone } : { fill: looks.library, ink: looks["library-ink"], alpha: node.tone };
    }

    at(event) {
      const box = this.canvas.getBoundingClientRect();
      const x = event.clientX - box.left;
      const depth = Math.floor((event.clientY - box.top) / ROW);
      const found = (this.drawn || []).find((one) => one.node.depth === depth && one.left <= x && x < one.right);
      return found ? found.node : null;
    }

    shares(node) {
      const parts = [node.value, `${percent(node.width)} of all`];
      if (this.zoomed !== this.root && !this.isAncestor(node)) parts.push(`${percent(node.width / this.zoomed.width)} of the zoomed frame`);
      return parts.join(" · ");
    }

    describe(node, element) {
      const name = document.createElement("b");
      const place = document.createElement("code");
      name.textContent = node.name;
      place.textContent = node.place;
      element.replaceChildren(name, " ", place, " ", this.shares(node));
    }

    hover(event) {
      const node = this.at(event);
      tip.hidden = !node;
      if (!node) return;
      this.describe(node, tip);
      const { offsetWidth: width, offsetHeight: height } = tip;
      tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8))}px`;
      tip.style.top = `${event.clientY + 18 + height > innerHeight ? event.clientY - height - 10 : event.clientY + 18}px`;
    }

    zoom(node) {
      this.zoomed = this.focus = node;
      this.figure.querySelector(".reset").disabled = node === this.root;
      this.describe(node, this.status);
      this.draw();
    }

    move(node) {
      if (!node) return;
      this.focus = node;
      this.describe(node, this.status);
      const pane = this.canvas.parentElement;
      const top = node.depth * ROW;
      if (top < pane.scrollTop) pane.scrollTop = top;
      if (top + ROW > pane.scrollTop + pane.clientHeight) pane.scrollTop = top + ROW - pane.clientHeight;
      this.draw();
    }

    key(event) {
      const siblings = this.focus.parent ? this.focus.parent.children : [this.focus];
      const place = siblings.indexOf(this.focus);
      const actions = {
        ArrowUp: () => this.move(this.focus.parent),
        ArrowDown: () => this.move(this.focus.children[0]),
        ArrowLeft: () => this.move(siblings[place - 1]),
        ArrowRight: () => this.move(siblings[place + 1]),
        Home: () => this.move(this.root),
        Enter: () => this.zoom(this.focus),
        " ": () => this.zoom(this.focus),
        Escape: () => this.zoom(this.root),
      };
      const action = actions[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    }

    // The share counts a frame once, however many of its callers match as well.
    search(text) {
      const wanted = text.trim().toLowerCase();
      this.hits = new Set(wanted ? this.nodes.filter((node) => `${node.name}\n${node.place}`.toLowerCase().includes(wanted)) : []);
      this.nothing = wanted !== "" && this.hits.size === 0;
      const covered = new Set();
      let share = 0;
      this.nodes.forEach((node) => {
        if (node.parent && covered.has(node.parent)) covered.add(node);
        else if (this.hits.has(node)) { covered.add(node); share += node.width; }
      });
      this.draw();
      if (!wanted) return "";
      return this.nothing ? "no frame matches" : `${percent(share)} in ${this.hits.size} ${this.hits.size === 1 ? "frame" : "frames"}`;
    }
  }

  const views = [];
  const open = (figure) => {
    const panels = [...figure.querySelectorAll(".flame")];
    const select = figure.querySelector("select");
    const input = figure.querySelector("input");
    const found = figure.querySelector(".found");
    const reset = figure.querySelector(".reset");
    const shown = new Map();
    let view = null;
    const show = (index) => {
      panels.forEach((panel, place) => { panel.hidden = place !== index; });
      if (!shown.has(index)) { shown.set(index, new View(panels[index], figure)); views.push(shown.get(index)); }
      view = shown.get(index);
      reset.disabled = view.zoomed === view.root;
      found.textContent = view.search(input.value);
    };
    if (select) select.addEventListener("change", () => show(Number(select.value)));
    input.addEventListener("input", () => { found.textContent = view.search(input.value); });
    reset.addEventListener("click", () => view.zoom(view.root));
    show(select ? Number(select.value) : 0);
  };

  const observer = new IntersectionObserver((entries) => {
    entries.filter((entry) => entry.isIntersecting).forEach((entry) => { observer.unobserve(entry.target); open(entry.target); });
  }, { rootMargin: "300px 0px" });
  document.querySelectorAll(".flames").forEach((figure) => observer.observe(figure));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => views.forEach((view) => view.draw()));
})();
