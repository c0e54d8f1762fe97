// Each heading sorts its table, up and down: { seen, problems }.
(() => {
  const problems = [];
  let seen = 0;
  // By what is to be read, and not by what the page's own script goes by.
  const UNITS = { "": 1, x: 1, "%": 0.01 };
  function figure(text) {
    if (text === "new") return Infinity;
    if (text === "gone") return 0;
    const [, less, digits, unit] = text.match(/^(<?)([\d,]+(?:\.\d+)?)([x%]?)$/) ?? [];
    if (digits === undefined) return null;
    return Number(digits.replaceAll(",", "")) * UNITS[unit] * (less ? 0.5 : 1);
  }
  // Whatever is rounded may come in either order.
  const isAfter = (a, b) => a > b * 1.01 + 0.01;

  for (const [n, table] of document.querySelectorAll("table.sortable").entries()) {
    const headings = [...table.tHead.rows[0].cells];
    const bodies = () => [...table.tBodies];
    const rows = new Set(bodies());
    for (const [column, heading] of headings.entries()) {
      const title = `table ${n}, "${heading.textContent.trim()}"`;
      const button = heading.querySelector("button");
      if (!button) {
        problems.push(`${title} is no button`);
        continue;
      }
      const orders = [];
      for (let click = 0; click < 2; click += 1) {
        button.click();
        const order = heading.getAttribute("aria-sort");
        orders.push(order);
        const sorted = headings.filter((other) => other.hasAttribute("aria-sort"));
        if (sorted.length !== 1) problems.push(`${title}: ${sorted.length} columns say they are sorted`);
        const texts = bodies().map((body) => body.rows[0].cells[column].textContent.trim());
        const isWords = heading.classList.contains("words");
        const hex = texts.every((text) => text.startsWith("0x"));
        const keys = texts.map((text) => (isWords ? text : hex ? parseInt(text, 16) : figure(text)));
        for (let row = 1; row < keys.length; row += 1) {
          let [a, b] = [keys[row - 1], keys[row]];
          if (order === "descending" && a !== null && b !== null) [a, b] = [b, a];
          const isWrong = a === null ? b !== null : b === null ? false
            : isWords ? a.localeCompare(b) > 0 : isAfter(a, b);
          if (isWrong) problems.push(`${title}, ${order}: "${texts[row - 1]}" comes before "${texts[row]}"`);
        }
        if (bodies().length !== rows.size || !bodies().every((body) => rows.has(body))) {
          problems.push(`${title}: there are other rows than before`);
        }
        if (table.tFoot && table.lastElementChild !== table.tFoot) problems.push(`${title}: the total is not last`);
      }
      if (orders.slice().sort().join() !== "ascending,descending") problems.push(`${title} went ${orders}`);
      seen += 1;
    }
  }
  return { seen, problems };
})()
