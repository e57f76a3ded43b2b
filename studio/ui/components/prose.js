// Shows text as text: every run goes through textContent, so nothing in it can become markup.
export default function ({ data, parentElement }) {
  const page = parentElement.querySelector(".prose");
  page.lang = data.language;
  page.dataset.framed = data.framed;
  page.setAttribute("aria-label", data.label);
  if (data.height) {
    page.dataset.height = data.height;
    page.style.maxHeight = `${data.height}px`;
    page.tabIndex = 0;
  }
  const kept = page.childNodes.length;
  if (data.follow && !kept) {
    requestAnimationFrame(() => page.scrollIntoView({ block: "center" }));
  }
  if (data.runs.length === 1 && kept === 1 && !data.runs[0].kind) {
    // A growing text is changed in place, so that a reader's selection stays.
    if (page.firstChild.textContent !== data.runs[0].text) {
      page.firstChild.textContent = data.runs[0].text;
    }
    return;
  }
  page.replaceChildren(
    ...data.runs.map((run) => {
      const span = document.createElement("span");
      span.className = run.kind;
      span.textContent = run.text;
      return span;
    }),
  );
}
