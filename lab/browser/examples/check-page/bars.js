// Bars as long as their figures say: { seen, problems }. What is not shown is passed over.
(() => {
  const problems = [];
  let seen = 0;
  const isShown = (element) => element.getClientRects().length > 0;
  const name = (rect) => `${rect.closest("[id]").id}: ${JSON.stringify(rect.dataset)}`;
  // A pixel: positions are in hundredths of a per cent.
  const differs = (a, b) => !(Math.abs(a - b) <= 1);

  for (const chart of document.querySelectorAll("[data-scale]")) {
    const rects = [...chart.querySelectorAll("rect[data-value]")].filter(isShown);
    if (rects.length === 0) continue;
    const [from, to] = [Number(chart.dataset.from), Number(chart.dataset.to)];
    const length = {
      log10: (value) => Math.log10(value / from) / Math.log10(to / from),
      linear: (value) => value / (to - from),
    }[chart.dataset.scale];
    const isUpright = chart.classList.contains("columns");
    const box = (rect) => rect.getBoundingClientRect();
    const extent = (rect) => (isUpright ? box(rect).height : box(rect).width);
    const values = rects.map((rect) => Number(rect.dataset.value));
    const largest = rects[values.indexOf(Math.max(...values))];
    for (const [n, rect] of rects.entries()) {
      seen += 1;
      const svg = rect.ownerSVGElement.getBoundingClientRect();
      // Across, the scale is as wide as the drawing; upright, there is something below it.
      const whole = isUpright ? extent(largest) / length(Number(largest.dataset.value)) : svg.width;
      const expected = whole * length(values[n]);
      if (!(values[n] > 0 && values[n] <= to * 1.000001)) problems.push(`${name(rect)} is not on the scale`);
      if (differs(extent(rect), expected)) {
        problems.push(`${name(rect)} is ${extent(rect)} long, not ${expected}`);
      }
      const before = rects[n - 1];
      const isBehind = before && before.parentElement === rect.parentElement && !isUpright
        && box(before).top === box(rect).top;
      const [begins, ought] = isUpright
        ? [box(rect).bottom, box(largest).bottom]
        : [box(rect).left, isBehind ? box(before).right : svg.left];
      if (differs(begins, ought)) problems.push(`${name(rect)} begins at ${begins}, not ${ought}`);
    }
  }
  return { seen, problems };
})()
