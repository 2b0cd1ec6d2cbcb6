/**
 * Suggests tags after the first one, too: browsers compare suggestions with the whole field, so each gets the tags before it.
 * Forms may join the page later, so the document listens.
 */

document.addEventListener("input", ({ target }) => {
  if (!target.list || !/tags$/i.test(target.name)) return;
  const typed = target.value.slice(0, target.value.lastIndexOf(",") + 1);
  const before = typed && `${typed.trim()} `;
  const used = typed.split(",").map((tag) => tag.trim().toLowerCase());
  for (const option of target.list.options) {
    option.dataset.tag ??= option.value;
    const { tag } = option.dataset;
    option.disabled = used.includes(tag.toLowerCase());
    option.value = before + tag;
  }
});
