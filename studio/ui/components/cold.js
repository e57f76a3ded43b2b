// Closes Streamlit's false "Page not found" dialog; see studio/ui/cold.py.
const PATIENCE = 5000;

function close() {
  for (const dialog of document.querySelectorAll('[role="dialog"]')) {
    if (dialog.textContent.includes("Page not found")) {
      dialog.querySelector('button[aria-label="Close"]')?.click();
      return true;
    }
  }
  return false;
}

export default function () {
  if (close()) return;
  const watch = new MutationObserver(() => close() && watch.disconnect());
  watch.observe(document.body, { childList: true, subtree: true });
  setTimeout(() => watch.disconnect(), PATIENCE);
}
