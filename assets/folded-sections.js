/**
 * Sections of a list that are folded away stay so on this device. The script is no module: it runs before the list after it is
 * read, so that a folded section is never painted open. `data-sections` names the list, and `data-section` the section.
 */

{
  const KEY = "atlas-folded-sections";

  const { member } = document.body.dataset;

  const readFolded = () => {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "null");
    return new Set(stored?.member === member ? stored.sections : []);
  };

  const folded = readFolded();

  /** The name of a section, which is that of another section in another list. */
  const findName = (details) => {
    const list = details.closest("[data-sections]").dataset.sections;
    return `${list} ${details.closest("[data-section]").dataset.section.toLowerCase()}`;
  };

  const fold = (details) => { if (folded.has(findName(details))) details.open = false; };

  const handleToggle = ({ target: details }) => {
    // The filter opens sections, too, which says nothing about them.
    if (!details.matches("[data-section] > details") || details.dataset.found !== undefined) return;
    if (folded.has(findName(details)) === !details.open) return;
    if (details.open) folded.delete(findName(details));
    else folded.add(findName(details));
    localStorage.setItem(KEY, JSON.stringify({ member, sections: [...folded] }));
  };

  /** Folds the sections among new elements, before they are painted. */
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) {
        if (node.matches?.("[data-section] > details")) fold(node);
        else node.querySelectorAll?.("[data-section] > details").forEach(fold);
      }
    }
  }).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("toggle", handleToggle, { capture: true });
}
