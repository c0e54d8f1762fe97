// Nothing is wider than the window, no text too small: { seen, problems }.
(() => {
  const problems = [];
  let seen = 0;
  const LEAST = 11;
  const width = document.documentElement.clientWidth;
  const scrolls = document.documentElement.scrollWidth;
  if (scrolls > width) problems.push(`the page is ${scrolls} wide, the window ${width}`);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const element = text.parentElement;
    const words = text.data.trim();
    const isHidden = element.closest(".heard, script, style, title, desc");
    if (words === "" || isHidden || !element.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const boxes = [...range.getClientRects()].filter((box) => box.width > 0);
    if (boxes.length === 0) continue;
    seen += 1;
    const scale = element instanceof SVGElement ? element.getScreenCTM().d : 1;
    const size = parseFloat(getComputedStyle(element).fontSize) * scale;
    if (!(size >= LEAST)) problems.push(`"${words}" is ${size} px`);
    // What can be moved within its own frame may be wider.
    if (element.closest(".scroll")) continue;
    for (const box of boxes) {
      if (box.left < -0.5 || box.right > width + 0.5) {
        problems.push(`"${words}" goes from ${box.left} to ${box.right}, the window to ${width}`);
      }
    }
  }
  return { seen, problems };
})()
