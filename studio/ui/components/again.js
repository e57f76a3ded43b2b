// Asks for the page when its server has started again: the new one knows nothing of what is on it,
// and a click in a window or a part that lives by itself would come to nothing. It is told what the
// old one gave this tab to hold. While no server was there the fields were switched off; the one
// that was being written in is left, as a click elsewhere would, so that its words are sent.

const LIVING = "data-test-connection-state";

function watch(app) {
  const tab = { holds: "{}", ask: () => {} };
  let away = false;
  let field = null;
  document.addEventListener("focusin", (event) => {
    if (app.getAttribute(LIVING) === "CONNECTED") field = event.target;
  });
  const look = () => {
    const connected = app.getAttribute(LIVING) === "CONNECTED";
    if (connected && away) {
      tab.ask(tab.holds);
      leave(field);
    }
    away = !connected;
  };
  new MutationObserver(look).observe(app, { attributeFilter: [LIVING] });
  return tab;
}

function leave(field) {
  if (!field?.isConnected) return;
  field.dispatchEvent(new FocusEvent("focusout", { bubbles: true }));
}

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const host = parentElement.getRootNode().host ?? parentElement;
  const place = host.closest('[data-testid="stElementContainer"]');
  if (place) place.style.display = "none"; // it takes no room
  const app = document.querySelector(`[${LIVING}]`);
  if (!app) return;
  app.lorewrightTab ??= watch(app);
  if (data) app.lorewrightTab.holds = data;
  else app.lorewrightTab.ask = (holds) => setTriggerValue("again", holds);
}
