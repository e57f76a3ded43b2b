// A tree of parts, chapters and scenes. Titles go through textContent and cannot become markup.
export default function ({ data, parentElement, setStateValue }) {
  const tree = parentElement.querySelector(".outline");
  tree.setAttribute("aria-label", data.label);
  tree.style.maxHeight = `${data.height}px`;
  const shown = JSON.stringify([data.parts, data.chosen]);
  if (tree.dataset.shown === shown) return;
  const top = tree.scrollTop;
  tree.dataset.shown = shown;
  tree.replaceChildren(...data.parts.map((part) => partOf(part, data, setStateValue)));
  tree.scrollTop = top;
}

function partOf(part, data, choose) {
  const chapters = part.chapters.flatMap((chapter) => [
    button(chapter, "chapter", data, choose),
    ...chapter.scenes.map((scene) => button(scene, "scene", data, choose)),
  ]);
  if (!part.title) return group(chapters);
  const folder = document.createElement("details");
  folder.open = part.chapters.length <= data.open || within(part, data.chosen);
  const name = document.createElement("summary");
  name.textContent = part.title;
  folder.append(name, group(chapters));
  return folder;
}

function within(part, chosen) {
  return part.chapters.some((c) => c.at === chosen || c.scenes.some((s) => s.at === chosen));
}

function group(children) {
  const box = document.createElement("div");
  box.append(...children);
  return box;
}

function button(place, kind, data, choose) {
  const found = document.createElement("button");
  found.type = "button";
  found.className = kind;
  const title = document.createElement("span");
  title.textContent = place.title;
  const length = document.createElement("span");
  length.className = "length";
  length.textContent = place.length;
  found.append(title, length);
  if (place.at === data.chosen) found.setAttribute("aria-current", "true");
  found.addEventListener("click", () => choose("chosen", place.at));
  return found;
}
