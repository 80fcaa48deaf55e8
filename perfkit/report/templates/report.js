// What makes the page handy: sorting, copying, the place in the contents. Without it the page still says everything.
(() => {
  "use strict";
  const ROWS_SHOWN = 15;

  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

  const sortBy = (table, column, descending) => {
    const body = table.tBodies[0];
    const key = (row) => {
      const cell = row.cells[column];
      return cell.dataset.sort !== undefined ? Number(cell.dataset.sort) : cell.textContent;
    };
    const numeric = [...body.rows].some((row) => row.cells[column].dataset.sort !== undefined);
    const compare = (one, other) => {
      if (!numeric) return one.key.localeCompare(other.key) * (descending ? -1 : 1);
      // Cells without a number stay last in both directions.
      if (typeof one.key !== "number" || typeof other.key !== "number") return (typeof one.key !== "number") - (typeof other.key !== "number");
      return (one.key - other.key) * (descending ? -1 : 1);
    };
    const rows = [...body.rows].map((row) => ({ row, key: key(row) })).sort(compare);
    body.append(...rows.map((one) => one.row));
  };

  const sortable = (table) => {
    const heads = [...table.tHead.rows[0].cells];
    if (table.tBodies[0].rows.length < 2) return;
    heads.forEach((head, column) => {
      const button = make("button", { type: "button", textContent: head.textContent, title: "sort by this column" });
      button.addEventListener("click", () => {
        const first = head.classList.contains("num") ? "descending" : "ascending";
        const other = first === "descending" ? "ascending" : "descending";
        const order = head.getAttribute("aria-sort") === first ? other : first;
        heads.forEach((one) => one.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", order);
        sortBy(table, column, order === "descending");
        table.dispatchEvent(new Event("sorted"));
      });
      head.replaceChildren(button);
    });
  };

  const shorten = (table) => {
    const count = table.tBodies[0].rows.length;
    if (count <= ROWS_SHOWN + 5) return;
    let all = false;
    const button = make("button", { type: "button", className: "more" });
    const apply = () => {
      [...table.tBodies[0].rows].forEach((row, index) => row.classList.toggle("surplus", !all && index >= ROWS_SHOWN));
      button.textContent = all ? `Show the first ${ROWS_SHOWN} rows` : `Show all ${count} rows`;
    };
    button.addEventListener("click", () => { all = !all; apply(); });
    table.addEventListener("sorted", apply);
    table.closest(".table").querySelector(".scroll").after(button);
    apply();
  };

  const fullText = (element) => {
    const long = element.querySelector(".long > span");
    return (long || element).textContent;
  };

  const copy = async (text) => {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = make("textarea", { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy"); // a file opened from a disk is no secure context everywhere
    area.remove();
  };

  const copyable = (element, after) => {
    const button = make("button", { type: "button", className: "copier", textContent: "copy" });
    button.addEventListener("click", async () => {
      let word = "copied";
      try { await copy(fullText(element)); } catch { word = "not allowed"; }
      button.textContent = word;
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    });
    after.after(button);
  };

  const spy = () => {
    const links = new Map([...document.querySelectorAll(".toc a")].map((link) => [link.hash.slice(1), link]));
    const seen = new Set();
    const update = () => {
      const sections = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
      const here = sections.filter((one) => seen.has(one.id))[0];
      if (!here) return;
      links.forEach((link) => link.classList.toggle("here", link === links.get(here.id)));
    };
    const observer = new IntersectionObserver((entries) => {
      entries.forEach((entry) => (entry.isIntersecting ? seen.add(entry.target.id) : seen.delete(entry.target.id)));
      update();
    }, { rootMargin: "-10% 0px -70% 0px" });
    links.forEach((_, id) => { const target = document.getElementById(id); if (target) observer.observe(target); });
  };

  const reveal = () => {
    let target = null;
    try { target = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return; }
    if (!target) return;
    if (target.id === "checks") target.querySelector("details").open = true;
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target.scrollIntoView();
  };

  document.querySelectorAll(".table table").forEach((table) => { sortable(table); shorten(table); });
  document.querySelectorAll("code.copy").forEach((code) => copyable(code, code));
  document.querySelectorAll(".code pre").forEach((pre) => copyable(pre, pre));
  addEventListener("beforeprint", () => document.querySelectorAll("details.fold").forEach((fold) => { fold.open = true; }));
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();
  spy();
})();
