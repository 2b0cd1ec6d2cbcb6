// What is left of a page in a picture of it. The picture stands where ADDRESS stands below; answers a list of what cannot be seen.
const picture = new Image();
const loaded = new Promise((done, failed) => {
  picture.onload = done;
  picture.onerror = () => failed(new Error('the picture cannot be read'));
});
picture.src = ADDRESS;

const linear = Array.from({ length: 256 }, (_, level) =>
  level <= 10 ? level / 255 / 12.92 : ((level / 255 + 0.055) / 1.055) ** 2.4,
);

// The contrast of two luminances, as WCAG 2.2 defines both.
const contrast = (one, other) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);

const pixels = () => {
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.drawImage(picture, 0, 0);
  const { data, width, height } = pen.getImageData(0, 0, picture.width, picture.height);
  const at = (x, y) => {
    const place = 4 * (Math.round(y) * width + Math.round(x));
    return 0.2126 * linear[data[place]] + 0.7152 * linear[data[place + 1]] + 0.0722 * linear[data[place + 2]];
  };
  return { at, width, height };
};

// What is in front: on a phone the sheet of a day covers the month.
const panel = document.querySelector('.is-sheet');
const front = panel && getComputedStyle(panel).position === 'fixed' ? panel.querySelector('.sheet') : document.body;

// Where a box is in the picture; nothing if it is not all in it or too small to be seen.
const place = ({ left, top, right, bottom }, { width, height }) => {
  const around = front.getBoundingClientRect();
  if (front !== document.body && (top < around.top || bottom > around.bottom)) return undefined;
  // A picture of the whole page begins where the page does, one of the screen where the screen does.
  const [x, y] = front === document.body ? [scrollX, scrollY] : [0, 0];
  const box = { left: left + x, top: top + y, right: right + x, bottom: bottom + y };
  const fits = box.left >= 0 && box.top >= 0 && box.right <= width && box.bottom <= height;
  return fits && right - left > 1.5 && bottom - top > 1.5 ? box : undefined;
};

const best = ({ at }, { left, top, right, bottom }) => {
  let [darkest, lightest] = [1, 0];
  for (let y = Math.ceil(top); y < bottom - 1; y += 1) {
    for (let x = Math.ceil(left); x < right - 1; x += 1) {
      const light = at(x, y);
      darkest = Math.min(darkest, light);
      lightest = Math.max(lightest, light);
    }
  }
  return contrast(darkest, lightest);
};

// How well the middle of each side of a box stands out from what is beside it.
const weakestSide = (seen, { left, top, right, bottom }) => {
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  const sides = [[x, top, 0, -1], [x, bottom - 1, 0, 1], [left, y, -1, 0], [right - 1, y, 1, 0]];
  const ways = sides.map(([fromX, fromY, stepX, stepY]) => {
    const lights = [-4, -3, -2, -1, 0, 1, 2].map((step) => {
      const [atX, atY] = [fromX + step * stepX, fromY + step * stepY];
      return atX >= 0 && atY >= 0 && atX < seen.width && atY < seen.height ? seen.at(atX, atY) : undefined;
    });
    const known = lights.filter((light) => light !== undefined);
    return contrast(Math.min(...known), Math.max(...known));
  });
  return Math.min(...ways);
};

const isShown = (element) => {
  const { width, height } = element.getBoundingClientRect();
  const shows = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  return shows && width > 1.5 && height > 1.5 && !element.closest('.unseen, :disabled');
};

const CONTROLS = `input:not([type=hidden], [type=checkbox], [type=radio], [type=file]), select, textarea, .button,
  [role=checkbox] > .box, .pill span, progress`;

return loaded.then(() => {
  const seen = pixels();
  const lost = [];
  const texts = document.createTreeWalker(front, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (!text.data.trim() || !isShown(text.parentElement)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const boxes = [...range.getClientRects()].map((box) => place(box, seen)).filter(Boolean);
    const found = boxes.length ? Math.max(...boxes.map((box) => best(seen, box))) : 21;
    if (found < 4.5) lost.push(`the words “${text.data.trim().slice(0, 40)}” have a contrast of ${found.toFixed(2)}`);
  }
  for (const control of front.querySelectorAll(CONTROLS)) {
    const box = isShown(control) && place(control.getBoundingClientRect(), seen);
    const found = box ? weakestSide(seen, box) : 21;
    if (found < 3) lost.push(`the edge of ${control.outerHTML.slice(0, 90)} has a contrast of ${found.toFixed(2)}`);
  }
  for (const drawing of front.querySelectorAll('svg, svg use, svg .chart-bar, img')) {
    const { left, top, right, bottom } = drawing.getBoundingClientRect();
    // With what is around it: a bar may be one colour all over.
    const box = isShown(drawing) && place({ left: left - 3, top: top - 3, right: right + 3, bottom: bottom + 3 }, seen);
    const found = box ? best(seen, box) : 21;
    if (found < 3) lost.push(`the drawing ${drawing.outerHTML.slice(0, 90)} has a contrast of ${found.toFixed(2)}`);
  }
  return lost;
});
