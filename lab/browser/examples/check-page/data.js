// The counts that are drawn are those of the snapshots: { seen, problems }. `runs` is a list of
// { prefix, snapshots }.
((runs) => {
  const problems = [];
  let seen = 0;
  for (const { prefix, snapshots } of runs) {
    const drawn = new Map();
    for (const rect of document.querySelectorAll(`#${prefix}counts-chart rect[data-reason]`)) {
      drawn.set(`${rect.dataset.series} ${rect.dataset.reason}`, Number(rect.dataset.value));
    }
    for (const [series, snapshot] of snapshots.entries()) {
      for (const { reason, name, count } of snapshot.reasons) {
        const key = `${series} ${reason}`;
        if (drawn.get(key) !== count) problems.push(`${prefix}${name} of ${series} is ${drawn.get(key)}, not ${count}`);
        drawn.delete(key);
        const cells = document.querySelectorAll(`#${prefix}reason-${reason} > tr:first-child > td`);
        const texts = [...cells].map((cell) => cell.textContent.trim());
        if (!texts.includes(count.toLocaleString("en-US"))) {
          problems.push(`the row of ${prefix}${name} has no ${count}: ${texts}`);
        }
        seen += 1;
      }
    }
    for (const [key, value] of drawn) problems.push(`${prefix}counts-chart has ${key}: ${value} of nothing`);
  }
  return { seen, problems };
})
