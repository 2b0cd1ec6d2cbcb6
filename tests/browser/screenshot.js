// Finds elements of a page that are hardly visible in a screenshot of it. The test replaces SCREENSHOT_URL below. The script
// returns a list of descriptions.
const screenshot = new Image();
const loaded = new Promise((resolve, reject) => {
  screenshot.onload = resolve;
  screenshot.onerror = () => reject(new Error('the screenshot cannot be decoded'));
});
screenshot.src = SCREENSHOT_URL;

const linear = Array.from({ length: 256 }, (_, level) =>
  level <= 10 ? level / 255 / 12.92 : ((level / 255 + 0.055) / 1.055) ** 2.4,
);

// The contrast ratio of two relative luminances, as WCAG 2.2 defines both.
const contrast = (one, other) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);

const pixels = () => {
  const canvas = new OffscreenCanvas(screenshot.width, screenshot.height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(screenshot, 0, 0);
  const { data, width, height } = context.getImageData(0, 0, screenshot.width, screenshot.height);
  const at = (x, y) => {
    const index = 4 * (Math.round(y) * width + Math.round(x));
    return 0.2126 * linear[data[index]] + 0.7152 * linear[data[index + 1]] + 0.0722 * linear[data[index + 2]];
  };
  return { at, width, height };
};

// The foreground: an open menu or dialog, or the sheet of a day, which covers the month on a phone.
const panel = document.querySelector(':popover-open, dialog:modal, .is-sheet');
const isInFront = panel && getComputedStyle(panel).position === 'fixed';
const front = isInFront ? panel.querySelector('.sheet') ?? panel : document.body;

// The position of a box in the screenshot; undefined if it is partly outside or too small to be visible.
const boxInScreenshot = ({ left, top, right, bottom }, { width, height }) => {
  const visible = front.getBoundingClientRect();
  if (front !== document.body && (top < visible.top || bottom > visible.bottom)) return undefined;
  // A screenshot of the whole page starts at the top of the page, one of the visible part at the top of the screen.
  const [x, y] = front === document.body ? [scrollX, scrollY] : [0, 0];
  const box = { left: left + x, top: top + y, right: right + x, bottom: bottom + y };
  const fits = box.left >= 0 && box.top >= 0 && box.right <= width && box.bottom <= height;
  return fits && right - left > 1.5 && bottom - top > 1.5 ? box : undefined;
};

const highestContrast = ({ at }, { left, top, right, bottom }) => {
  let [darkest, lightest] = [1, 0];
  for (let y = Math.ceil(top); y < bottom - 1; y += 1) {
    for (let x = Math.ceil(left); x < right - 1; x += 1) {
      const luminance = at(x, y);
      darkest = Math.min(darkest, luminance);
      lightest = Math.max(lightest, luminance);
    }
  }
  return contrast(darkest, lightest);
};

// The contrast of the middle of each side of a box with what is beside it; returns the lowest.
const lowestEdgeContrast = (seen, { left, top, right, bottom }) => {
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  const sides = [[x, top, 0, -1], [x, bottom - 1, 0, 1], [left, y, -1, 0], [right - 1, y, 1, 0]];
  const contrasts = sides.map(([fromX, fromY, stepX, stepY]) => {
    const luminances = [-4, -3, -2, -1, 0, 1, 2].map((step) => {
      const [atX, atY] = [fromX + step * stepX, fromY + step * stepY];
      return atX >= 0 && atY >= 0 && atX < seen.width && atY < seen.height ? seen.at(atX, atY) : undefined;
    });
    const known = luminances.filter((luminance) => luminance !== undefined);
    return contrast(Math.min(...known), Math.max(...known));
  });
  return Math.min(...contrasts);
};

// In a screenshot of a page that is longer than the screen, the bar of a phone is at another position.
const isDisplaced = (element) => {
  const bar = front === document.body && screenshot.height > innerHeight && element.closest('.side');
  return bar && getComputedStyle(bar).position === 'fixed';
};

// The part of a wide table that has to be scrolled to.
const isScrolledOut = (element) => {
  const { left, right } = element.getBoundingClientRect();
  for (let outer = element.parentElement; outer && outer !== document.body; outer = outer.parentElement) {
    const bounds = outer.getBoundingClientRect();
    const isOutside = left < bounds.left - 1 || right > bounds.right + 1;
    if (isOutside && ['auto', 'scroll'].includes(getComputedStyle(outer).overflowX)) return true;
  }
  return false;
};

const isShown = (element) => {
  if (isDisplaced(element) || isScrolledOut(element)) return false;
  const { width, height } = element.getBoundingClientRect();
  const shows = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  return shows && width > 1.5 && height > 1.5 && !element.closest('.unseen, :disabled');
};

const CONTROLS = `input:not([type=hidden], [type=checkbox], [type=radio], [type=file]), select, textarea, .button,
  [role=checkbox] > .box, .pill span, progress`;

return loaded.then(() => {
  const seen = pixels();
  const invisible = [];
  const texts = document.createTreeWalker(front, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (!text.data.trim() || !isShown(text.parentElement)) continue;
    // Emoji have the colors of their font, and decorate.
    if (/^(\p{Emoji_Presentation}|\p{Emoji}\uFE0F)/u.test(text.data)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const boxes = [...range.getClientRects()].map((box) => boxInScreenshot(box, seen)).filter(Boolean);
    const found = boxes.length ? Math.max(...boxes.map((box) => highestContrast(seen, box))) : 21;
    if (found < 4.5) invisible.push(`the text “${text.data.trim().slice(0, 40)}” has a contrast of ${found.toFixed(2)}`);
  }
  for (const control of front.querySelectorAll(CONTROLS)) {
    const box = isShown(control) && boxInScreenshot(control.getBoundingClientRect(), seen);
    const found = box ? lowestEdgeContrast(seen, box) : 21;
    if (found < 3) invisible.push(`the edge of ${control.outerHTML.slice(0, 90)} has a contrast of ${found.toFixed(2)}`);
  }
  for (const graphic of front.querySelectorAll('svg, svg use, svg .chart-bar, img')) {
    const { left, top, right, bottom } = graphic.getBoundingClientRect();
    // Including its surroundings, because a bar may have a single color.
    const box = isShown(graphic) && boxInScreenshot({ left: left - 3, top: top - 3, right: right + 3, bottom: bottom + 3 }, seen);
    const found = box ? highestContrast(seen, box) : 21;
    if (found < 3) invisible.push(`the graphic ${graphic.outerHTML.slice(0, 90)} has a contrast of ${found.toFixed(2)}`);
  }
  return invisible;
});
