// Asks for the page when its server has started again: the new one knows nothing of what is on it,
// and a click in a window or a part that lives by itself would come to nothing. It is told what the
// old one gave this tab to hold.

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const host = parentElement.getRootNode().host ?? parentElement;
  const place = host.closest('[data-testid="stElementContainer"]');
  if (place) place.style.display = "none"; // it takes no room
  const app = document.querySelector("[data-test-connection-state]");
  if (!app) return undefined;
  if (data) {
    app.lorewrightHolds = data;
    return undefined;
  }
  let away = false;
  const look = () => {
    const connected = app.getAttribute("data-test-connection-state") === "CONNECTED";
    if (connected && away) setTriggerValue("again", app.lorewrightHolds ?? "{}");
    away = !connected;
  };
  const watch = new MutationObserver(look);
  watch.observe(app, { attributeFilter: ["data-test-connection-state"] });
  return () => watch.disconnect();
}
