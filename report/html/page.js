"use strict";
(() => {
  const number = text => parseFloat(text.replace(/,/g, ""));

  // Sorting: every header becomes a button; users keep their timelines.
  for (const table of document.querySelectorAll("table.people")) {
    const headers = [...table.tHead.rows[0].cells];
    headers.forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => {
        const numeric = header.classList.contains("num");
        const now = header.getAttribute("aria-sort");
        const down = now ? now === "ascending" : numeric;
        for (const other of headers) other.removeAttribute("aria-sort");
        header.setAttribute("aria-sort", down ? "descending" : "ascending");
        const key = body => {
          const text = body.rows[0].cells[column].textContent;
          return numeric ? number(text) : text;
        };
        const rows = [...table.tBodies].map(body => [key(body), body]);
        rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1));
        table.append(...rows.map(([, body]) => body));
      });
    });
  }

  // Filtering: the controls are of no use without this script, and hidden.
  const form = document.querySelector("form.controls");
  if (form) {
    const [find, kind, host] = form.querySelectorAll("input, select");
    const bodies = [...document.getElementById("people").tBodies].map(body => ({
      body,
      text: body.textContent.toLowerCase(),
      kind: body.rows[0].cells[1].textContent,
      host: body.rows[0].cells[2].textContent,
    }));
    const filter = () => {
      const words = find.value.toLowerCase().split(/\s+/);
      let shown = 0;
      for (const b of bodies) {
        const fits = words.every(word => b.text.includes(word)) && (!kind.value || b.kind === kind.value) && (!host.value || b.host === host.value);
        b.body.hidden = !fits;
        shown += fits;
      }
      document.getElementById("found").textContent = shown + " of " + bodies.length + " shown";
    };
    form.addEventListener("input", filter);
    form.addEventListener("submit", event => event.preventDefault());
    form.hidden = false;
    filter();
  }

  // Paper has no way to open what is folded.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });
})();
