// Of the reasons to choose from one is open, the one that was chosen: { seen, problems }.
(() => {
  const problems = [];
  let seen = 0;
  const choices = new Set([...document.querySelectorAll("details")].map((each) => each.parentElement));
  if (choices.size === 0) problems.push("there is nothing to choose from");
  for (const choice of choices) {
    const all = [...choice.querySelectorAll(":scope > details")];
    for (const each of [...all].reverse()) {
      if (!each.open) each.querySelector("summary").click();
      const title = each.querySelector("summary b").textContent;
      const open = all.filter((other) => other.open);
      if (open.length !== 1 || open[0] !== each) problems.push(`${title} was chosen, ${open.length} are open`);
      const figures = [...each.querySelectorAll("figure svg")];
      if (!figures.some((svg) => svg.getBoundingClientRect().height > 0)) problems.push(`${title} shows nothing`);
      seen += 1;
    }
  }
  // Links lead to something, and what they lead to is to be seen.
  for (const link of document.querySelectorAll("a")) {
    const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!target) problems.push(`"${link.textContent}" leads to ${link.getAttribute("href")}, which is not there`);
  }
  return { seen, problems };
})()
